// What is in a file of its own, because few pages need it.

import { failure } from './errors.js'

/** The file lies beside the package. */
export const more = () => import('./causeway.more.js')

/** Addresses, with what names in `/dnsaddr` stand for, if the application can look them up. */
export const resolve = async (to, dns) => dns && /\/dnsaddr\//.test(to) ? (await more()).expand([to].flat(), dns, failure) : to
