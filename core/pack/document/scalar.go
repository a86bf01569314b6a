package document

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// The forms of plain scalars in YAML 1.1. Dates stay text, since JSON has none.
var (
	nullForm        = regexp.MustCompile(`^(~|null|Null|NULL|)$`)
	trueForm        = regexp.MustCompile(`^(yes|Yes|YES|true|True|TRUE|on|On|ON)$`)
	falseForm       = regexp.MustCompile(`^(no|No|NO|false|False|FALSE|off|Off|OFF)$`)
	integerForm     = regexp.MustCompile(`^[-+]?(0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$`)
	floatForm       = regexp.MustCompile(`^([-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?)$`)
	sexagesimalForm = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	endlessForm     = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

// scalarOf gives a scalar its value, by its tag or, if it is plain, by its form.
func scalarOf(n *yaml.Node) (any, error) {
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		return tagged(n)
	case n.Style&quoted != 0:
		return n.Value, nil
	}
	return plain(n.Value)
}

func tagged(n *yaml.Node) (any, error) {
	switch tag := n.ShortTag(); tag {
	case "!!str", "!":
		return n.Value, nil
	case "!!null":
		return nil, nil
	case "!!int", "!!float", "!!bool":
		return plain(n.Value)
	case "!!binary":
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if err == nil && !utf8.Valid(raw) {
			err = errors.New("!!binary holds bytes that are no text, and metadata has nothing else")
		}
		return string(raw), err
	default:
		return nil, fmt.Errorf("the tag %s is not known; leave it out", tag)
	}
}

func plain(s string) (any, error) {
	switch {
	case nullForm.MatchString(s):
		return nil, nil
	case trueForm.MatchString(s):
		return true, nil
	case falseForm.MatchString(s):
		return false, nil
	case integerForm.MatchString(s):
		return integer(s)
	case floatForm.MatchString(s):
		return float(s)
	case sexagesimalForm.MatchString(s):
		return sexagesimal(s)
	case endlessForm.MatchString(s):
		return nil, fmt.Errorf("%s is no number of JSON; put it in quotes if it is a text", s)
	}
	return s, nil
}

// integer reads 1_000, 0b11, 0x1F, and 017 as octal.
func integer(s string) (any, error) {
	digits := strings.TrimPrefix(strings.ReplaceAll(s, "_", ""), "+")
	n, ok := new(big.Int).SetString(digits, 0)
	if !ok {
		return nil, fmt.Errorf("%s is no whole number; put it in quotes if it is a text", s)
	}
	return json.Number(n.String()), nil
}

// float keeps a dot, so that 1.0 stays a number with a fraction.
func float(s string) (any, error) {
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil {
		return nil, fmt.Errorf("%s is too large for a number", s)
	}
	return floatNumber(f), nil
}

func floatNumber(f float64) json.Number {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return json.Number(text)
}

// sexagesimal reads 1:30 as 90, to the base 60. A leading zero, as in 09:30, makes a text.
func sexagesimal(s string) (any, error) {
	body := strings.ReplaceAll(strings.TrimLeft(s, "-+"), "_", "")
	fraction := strings.Contains(body, ".")
	if body[0] == '0' && !fraction {
		return s, nil
	}
	total := 0.0
	for part := range strings.SplitSeq(body, ":") {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return s, nil
		}
		total = total*60 + n
	}
	if s[0] == '-' {
		total = -total
	}
	if fraction {
		return floatNumber(total), nil
	}
	return json.Number(strconv.FormatFloat(total, 'f', 0, 64)), nil
}
