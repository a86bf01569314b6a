package functions

import "regexp"

// What orquesta takes for a use of a context variable, and for the variable in it.
var (
	contextUse  = regexp.MustCompile(`\bctx\(['"]?[\]\[a-zA-Z0-9_'".()]*['"]?\)\.?[\]\[a-zA-Z0-9_'".()]*`)
	contextName = regexp.MustCompile(`\bctx\(\)\.([a-zA-Z0-9_-]+)(\(?)|\bctx\((?:([a-zA-Z0-9_-]+)|'([a-zA-Z0-9_-]+)'|"([a-zA-Z0-9_-]+)")\)`)
)

// ContextNames are the context variables that one expression, without its delimiters, uses: x in
// ctx().x, ctx(x) and ctx('x'); a method, as in ctx().keys(), is none.
// st2: orquesta looks at the text only: ctx().get('x') goes unseen.
func ContextNames(source string) []string {
	var names []string
	for _, use := range contextUse.FindAllString(source, -1) {
		for _, m := range contextName.FindAllStringSubmatch(use, -1) {
			if m[2] != "" {
				continue
			}
			names = append(names, m[1]+m[3]+m[4]+m[5])
		}
	}
	return names
}
