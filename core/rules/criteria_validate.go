package rules

import (
	"bytes"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// ValidateCriteria checks what a rule must say about each criterion to be registered:
// a known operator and a pattern. The error is Invalid and names the field.
// st2: rest-api reference, rule validation.
func ValidateCriteria(criteria core.Criteria) error {
	for _, c := range criteria {
		field := "criteria." + c.Key
		if c.Type == "" {
			return core.FieldErrorf(field+".type", "Operator not specified for field: %s", c.Key)
		}
		if !isOperatorName(c.Type) {
			return core.FieldErrorf(field+".type", "For field: %s, operator %s not in list of allowed operators: [%s]",
				c.Key, c.Type, quotedOperators())
		}
		if len(c.Pattern) == 0 || string(bytes.TrimSpace(c.Pattern)) == "null" {
			return core.FieldErrorf(field+".pattern", "For field: %s, no pattern specified for operator %s", c.Key, c.Type)
		}
	}
	return nil
}

// isOperatorName reports whether name is an operator as written: at registration, case counts.
func isOperatorName(name string) bool {
	for _, o := range operators() {
		if o.name == name {
			return true
		}
	}
	return false
}

func quotedOperators() string {
	var names []string
	for _, o := range operators() {
		names = append(names, "'"+o.name+"'")
	}
	return strings.Join(names, ", ")
}
