package functions

import (
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/petrelhq/petrel/core/expr"
)

// fromYAMLString parses the text of a value as one YAML 1.1 document, as PyYAML's safe_load.
// Dates and times become the text that Python shows for them: there is no date in the value model.
func fromYAMLString(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	s, err := text(b, a[0])
	if err != nil {
		return nil, err
	}
	if err := b.Grow(16 * int64(len(s))); err != nil {
		return nil, err
	}
	d := yaml.NewDecoder(strings.NewReader(s))
	var doc, second yaml.Node
	if err := d.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, yamlError(err)
	}
	if err := d.Decode(&second); err == nil {
		return nil, expr.Errorf("ComposerError", "expected a single document in the stream, but found another document")
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlError(err)
	}
	l := yamlLoader{b: b, built: map[*yaml.Node]expr.Value{}}
	v, err := l.value(&doc, 0)
	return expr.Freeze(v), err
}

// yamlError sorts a reader's error into PyYAML's classes.
func yamlError(err error) error {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	class := "ParserError"
	for _, sign := range []string{"found character", "mapping values are not allowed", "could not find expected ':'", "found unexpected end of stream", "found a tab", "block sequence entries are not allowed", "found unknown escape", "found unexpected document", "did not find expected alphabetic"} {
		if strings.Contains(msg, sign) {
			class = "ScannerError"
		}
	}
	if strings.Contains(msg, "unknown anchor") {
		class = "ComposerError"
	}
	return expr.Errorf(class, "%s", msg)
}

type yamlLoader struct {
	b     *expr.Budget
	built map[*yaml.Node]expr.Value
}

const maxYAMLDepth = 500

func (l *yamlLoader) value(n *yaml.Node, depth int) (expr.Value, error) {
	if depth > maxYAMLDepth {
		return nil, expr.Errorf("RecursionError", "the YAML nests deeper than %d levels", maxYAMLDepth)
	}
	if err := l.b.GrowItems(1); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return nil, nil
		}
		return l.value(n.Content[0], depth+1)
	case yaml.AliasNode:
		if v, ok := l.built[n.Alias]; ok {
			return v, nil
		}
		return l.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		return l.sequence(n, depth)
	case yaml.MappingNode:
		return l.mapping(n, depth)
	}
	return yamlScalar(n)
}

func (l *yamlLoader) sequence(n *yaml.Node, depth int) (expr.Value, error) {
	out := expr.NewList()
	l.built[n] = out
	for _, c := range n.Content {
		v, err := l.value(c, depth+1)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, v)
	}
	return out, nil
}

func (l *yamlLoader) mapping(n *yaml.Node, depth int) (expr.Value, error) {
	out := expr.NewDict()
	l.built[n] = out
	var merged []*yaml.Node
	own := expr.NewDict()
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Style == 0 {
			merged = append(merged, n.Content[i+1])
			continue
		}
		k, err := l.value(n.Content[i], depth+1)
		if err != nil {
			return nil, err
		}
		v, err := l.value(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		if err := own.Set(k, v); err != nil {
			return nil, expr.Errorf("ConstructorError", "while constructing a mapping found unhashable key, line %d", n.Line)
		}
	}
	for _, m := range merged {
		if err := l.merge(out, m, depth+1); err != nil {
			return nil, err
		}
	}
	for k, v := range own.All() {
		if err := out.Set(k, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// merge adds the pairs of a "<<" value: a mapping, or a list of them of which the first wins.
func (l *yamlLoader) merge(out *expr.Dict, n *yaml.Node, depth int) error {
	v, err := l.value(n, depth)
	if err != nil {
		return err
	}
	sources := []expr.Value{v}
	if list, ok := v.(*expr.List); ok {
		sources = append([]expr.Value(nil), list.Items...)
	}
	for i := len(sources) - 1; i >= 0; i-- {
		d, ok := sources[i].(*expr.Dict)
		if !ok {
			return expr.Errorf("ConstructorError", "expected a mapping or list of mappings for merging, line %d", n.Line)
		}
		for k, v := range d.All() {
			if err := out.Set(k, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// The plain scalars of YAML 1.1 that are not text.
var (
	yamlBool      = regexp.MustCompile(`^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$`)
	yamlNull      = regexp.MustCompile(`^(?:~|null|Null|NULL|)$`)
	yamlInt       = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	yamlFloat     = regexp.MustCompile(`^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	yamlDate      = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	yamlTimestamp = regexp.MustCompile(`^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|[-+]\d\d?(?::\d\d)?))?$`)
)

func yamlScalar(n *yaml.Node) (expr.Value, error) {
	explicit := n.Style&yaml.TaggedStyle != 0
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 && !explicit {
		return n.Value, nil
	}
	if explicit {
		return taggedScalar(n)
	}
	return plainScalar(n.Value)
}

func taggedScalar(n *yaml.Node) (expr.Value, error) {
	switch n.ShortTag() {
	case "!!str", "!!binary", "!!timestamp":
		return n.Value, nil
	case "!!int", "!!float", "!!bool", "!!null":
		return plainScalar(n.Value)
	}
	return nil, expr.Errorf("ConstructorError", "could not determine a constructor for the tag '%s', line %d", n.Tag, n.Line)
}

func plainScalar(s string) (expr.Value, error) {
	switch {
	case yamlNull.MatchString(s):
		return nil, nil
	case yamlBool.MatchString(s):
		switch strings.ToLower(s) {
		case "yes", "true", "on":
			return true, nil
		}
		return false, nil
	case yamlInt.MatchString(s):
		return yamlInteger(s)
	case yamlFloat.MatchString(s):
		return yamlFloating(s), nil
	case yamlTimestamp.MatchString(s):
		return yamlTime(s), nil
	}
	return s, nil
}

// plainTag says what a plain scalar would be read as: "str" when it is text.
func plainTag(s string) string {
	switch {
	case yamlNull.MatchString(s):
		return "null"
	case yamlBool.MatchString(s):
		return "bool"
	case yamlInt.MatchString(s):
		return "int"
	case yamlFloat.MatchString(s):
		return "float"
	case yamlDate.MatchString(s), yamlTimestamp.MatchString(s):
		return "timestamp"
	case s == "<<", s == "=":
		return "special"
	}
	return "str"
}

func yamlInteger(s string) (expr.Value, error) {
	t := strings.ReplaceAll(s, "_", "")
	sign := ""
	if t[0] == '-' || t[0] == '+' {
		sign, t = t[:1], t[1:]
	}
	if strings.Contains(t, ":") {
		return int64(sexagesimal(sign, t)), nil
	}
	base := 10
	switch {
	case strings.HasPrefix(t, "0b"), strings.HasPrefix(t, "0x"):
		base = 0
	case len(t) > 1 && t[0] == '0':
		base = 8
	}
	v, ok := expr.ParseInt(sign+t, base)
	if !ok {
		return nil, expr.Errorf("ValueError", "invalid literal for int(): %s", expr.QuoteText(s))
	}
	return v, nil
}

func yamlFloating(s string) expr.Value {
	t := strings.ToLower(strings.ReplaceAll(s, "_", ""))
	sign := ""
	if t[0] == '-' || t[0] == '+' {
		sign, t = t[:1], t[1:]
	}
	switch {
	case t == ".nan":
		return math.NaN()
	case t == ".inf" && sign == "-":
		return math.Inf(-1)
	case t == ".inf":
		return math.Inf(1)
	case strings.Contains(t, ":"):
		return sexagesimal(sign, t)
	}
	f, _ := expr.ParseFloat(sign + t)
	return f
}

// sexagesimal reads "1:30:00" as a number to base 60.
func sexagesimal(sign, s string) float64 {
	total := 0.0
	for _, part := range strings.Split(s, ":") {
		f, _ := strconv.ParseFloat(part, 64)
		total = total*60 + f
	}
	if sign == "-" {
		return -total
	}
	return total
}

// yamlTime writes a timestamp as Python shows a datetime.
func yamlTime(s string) expr.Value {
	m := yamlTimestamp.FindStringSubmatch(s)
	n := [6]int{}
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	micros, _ := strconv.Atoi((m[7] + "000000")[:6])
	layout := "2006-01-02 15:04:05"
	if micros != 0 {
		layout += ".000000"
	}
	zone := time.UTC
	if m[8] != "" {
		layout += "-07:00"
		zone = time.FixedZone("", zoneOffset(m[8]))
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], micros*1000, zone).Format(layout)
}

func zoneOffset(s string) int {
	if s == "Z" {
		return 0
	}
	h, m, _ := strings.Cut(s[1:], ":")
	hours, _ := strconv.Atoi(h)
	minutes, _ := strconv.Atoi(m)
	offset := hours*3600 + minutes*60
	if s[0] == '-' {
		return -offset
	}
	return offset
}
