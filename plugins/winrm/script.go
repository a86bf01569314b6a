package winrm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// scriptCall is the PowerShell that runs a script with the arguments of a call: named ones
// in the order of the action's parameters, none of them left out, then positional ones.
// st2: runners reference 10, PS script args and named args.
func scriptCall(script string, c core.Call) (string, error) {
	positional, err := shellarg.Positional(c)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	// The newline keeps a comment on the script's last line from swallowing the brace.
	fmt.Fprintf(&b, "& {\n%s\n}", strings.TrimPrefix(script, "\uFEFF"))
	for _, p := range c.Action.Parameters {
		v, given := c.Params[p.Name]
		if _, has := shellarg.Number(p.Schema["position"]); has || !given {
			continue
		}
		b.WriteString(" " + textOf(c.RunnerParams, "kwarg_op") + p.Name + " " + literal(v))
	}
	for _, text := range positional {
		b.WriteString(" " + literal(text))
	}
	return b.String(), nil
}

// literal is a value as PowerShell writes it.
func literal(v any) string {
	switch x := v.(type) {
	case nil:
		return "$null"
	case bool:
		return "$" + strconv.FormatBool(x)
	case string:
		return quoted(x)
	case []any:
		items := make([]string, len(x))
		for i, item := range x {
			items[i] = literal(item)
		}
		return "@(" + strings.Join(items, ", ") + ")"
	case map[string]any:
		pairs := make([]string, 0, len(x))
		for _, name := range slices.Sorted(maps.Keys(x)) {
			pairs = append(pairs, quoted(name)+" = "+literal(x[name]))
		}
		return "@{" + strings.Join(pairs, "; ") + "}"
	}
	return fmt.Sprint(v) // a number
}

// quoted is a string in double quotes. PowerShell takes typographic quotes for quotes too.
func quoted(text string) string {
	escapes := strings.NewReplacer(
		"`", "``", "$", "`$", `"`, "`\"", "\u201c", "`\u201c", "\u201d", "`\u201d", "\u201e", "`\u201e",
		"\x00", "`0", "\a", "`a", "\b", "`b", "\f", "`f", "\n", "`n", "\r", "`r", "\t", "`t", "\v", "`v",
	)
	return `"` + escapes.Replace(text) + `"`
}
