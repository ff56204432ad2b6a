// Filled by this module's first part.
