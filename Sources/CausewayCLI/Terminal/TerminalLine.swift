import Causeway

/// A text for a terminal, built by interpolation. Interpolated values may come from a remote (names, addresses, reasons) and are made
/// printable. The literal text, including line breaks, stays as it is.
struct TerminalLine: ExpressibleByStringInterpolation {
    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var parts: [Part] = []

        init(literalCapacity: Int, interpolationCount: Int) {}

        mutating func appendLiteral(_ literal: String) { parts.append(Part(text: literal, colour: nil)) }
        mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            parts.append(Part(text: Printable.line(value.description), colour: nil))
        }
        /// A text in a colour.
        mutating func appendInterpolation(_ text: String, _ colour: Terminal.Colour) {
            parts.append(Part(text: Printable.line(text), colour: colour))
        }
    }

    fileprivate struct Part {
        let text: String
        let colour: Terminal.Colour?
    }
    private let parts: [Part]

    init(stringLiteral text: String) { parts = [Part(text: text, colour: nil)] }

    init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    /// The text as it is written to the terminal.
    func text(isColoured: Bool) -> String {
        var text = ""
        for part in parts {
            if isColoured, let colour = part.colour {
                text += "\u{1b}[\(colour.rawValue)m\(part.text)\u{1b}[0m"
            } else {
                text += part.text
            }
        }
        return text
    }
}
