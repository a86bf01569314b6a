package workflow

import (
	"regexp"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// inlineForm finds name=value in "core.local cmd=date x=<% ctx().x %>". st2: orquesta, inline parameters.
var inlineForm = regexp.MustCompile(`([\p{L}\p{N}_]+)=(\[.*\]\s*|"[^"]*"\s*|'[^']*'\s*|-?\d*\.\d+|-?\d+|(?i:true)|(?i:false)|null|\{\{.*?\}\}|<%.*?%>)`)

// pair is one inline parameter.
type pair struct {
	name  string
	value expr.Value
}

// inlineParameters are the name=value pairs of a text, in order.
func inlineParameters(s string) []pair {
	if !strings.Contains(s, "=") {
		return nil
	}
	var out []pair
	for _, m := range inlineForm.FindAllStringSubmatch(s, -1) {
		out = append(out, pair{m[1], inlineValue(strings.TrimSpace(m[2]))})
	}
	return out
}

// inlineValue reads a value: what is quoted is text unless it is a JSON object, the rest is JSON where it can be.
func inlineValue(s string) expr.Value {
	quoted := quotesForm.MatchString(s)
	s = strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`)
	s = strings.TrimSuffix(strings.TrimPrefix(s, `'`), `'`)
	if s == "" || quoted && !(strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}")) {
		return s
	}
	source := s
	if strings.EqualFold(s, "true") || strings.EqualFold(s, "false") {
		source = strings.ToLower(s)
	}
	if v, err := expr.FromJSON([]byte(source)); err == nil {
		return v
	}
	return s
}

var quotesForm = regexp.MustCompile(`"[^"]*"|'[^']*'`)
