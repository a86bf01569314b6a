package expr

// Doc describes one function, filter, test or operator of a language, for reference pages and
// for the tests that run their examples.
type Doc struct {
	Name      string
	Signature string // how it is called: "join(sequence: iterable, separator: string)"
	Summary   string // one sentence
	Example   string // an expression …
	Result    string // … and another one, simpler, with the same value
}
