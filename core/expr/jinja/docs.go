package jinja

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// docRow is one line of this package's documentation: what comes in is on the left of the example.
type docRow struct{ name, summary, example, result string }

// FilterDocs describe the filters of the language. Example is an expression or a template, Result
// the text that it renders.
func FilterDocs() []expr.Doc {
	filters := builtinFilters()
	var docs []expr.Doc
	for _, r := range append(textFilterRows(), append(listFilterRows(), valueFilterRows()...)...) {
		docs = append(docs, r.doc(howCalled(r.name, filters[r.name])))
	}
	return docs
}

func (r docRow) doc(written string) expr.Doc {
	return expr.Doc{Name: r.name, Signature: written, Summary: r.summary, Example: r.example, Result: r.result}
}

// howCalled writes a filter or test with its parameters: join(d=”, attribute=None).
func howCalled(name string, f Func) string {
	if f.Variadic {
		return name + "(…)"
	}
	if len(f.Params) == 0 {
		return name
	}
	params := make([]string, len(f.Params))
	for i, p := range f.Params {
		params[i] = p.Name
		if def, err := expr.Repr(nil, p.Default); err == nil && p.Optional {
			params[i] += "=" + def
		}
	}
	return name + "(" + strings.Join(params, ", ") + ")"
}

func textFilterRows() []docRow {
	return []docRow{
		{"capitalize", "The text with its first letter large and all others small.", `"eMAIL sent" | capitalize`, "Email sent"},
		{"center", "The text in the middle of a field of that width.", `"up" | center(6)`, "  up  "},
		{"e", "Short for escape.", `"a < b" | e`, "a &lt; b"},
		{"escape", "The text with the characters that mean something in HTML replaced.", `"<b>" | escape`, "&lt;b&gt;"},
		{"forceescape", "As escape, even where the text is marked as safe.", `"<b>" | safe | forceescape`, "&lt;b&gt;"},
		{"format", "The text with its % places filled in, as Python's % does.", `"%s:%05d" | format("port", 80)`, "port:00080"},
		{"indent", "The text with blanks before each line but the first.", `"a\nb" | indent(2)`, "a\n  b"},
		{"lower", "The text in small letters.", `"WEB1" | lower`, "web1"},
		{"replace", "The text with one part replaced by another, everywhere or count times.", `"a-b-c" | replace("-", "+", 1)`, "a+b-c"},
		{"safe", "The text marked as HTML that needs no escaping.", `"<b>" | safe | e`, "<b>"},
		{"string", "The value as text.", `42 | string + "!"`, "42!"},
		{"striptags", "The text without HTML tags; runs of blanks become one.", `"<p>disk  <b>full</b></p>" | striptags`, "disk full"},
		{"title", "The text with each word's first letter large.", `"disk full" | title`, "Disk Full"},
		{"trim", "The text without blanks at its ends, or without the given characters.", `"--x--" | trim("-")`, "x"},
		{"truncate", "The text cut to a length; leeway is how much longer it may be uncut, 5 unless told.", `"the disk is full" | truncate(12, leeway=0)`, "the disk..."},
		{"upper", "The text in capital letters.", `"web1" | upper`, "WEB1"},
		{"urlencode", "The text, or the pairs of a map, as they stand in a URL.", `"a b&c" | urlencode`, "a%20b%26c"},
		{"urlize", "The text with its web and mail addresses made HTML links.", `"see https://x.org" | urlize`, `see <a href="https://x.org" rel="noopener">https://x.org</a>`},
		{"wordcount", "How many words the text has.", `"the disk is full" | wordcount`, "4"},
		{"wordwrap", "The text in lines of at most that width.", `"the disk is full" | wordwrap(8)`, "the disk\nis full"},
		{"xmlattr", "A map as attributes of an HTML tag; null values are left out.", `{"id": "a", "class": none} | xmlattr`, ` id="a"`},
	}
}

func listFilterRows() []docRow {
	return []docRow{
		{"batch", "The items in lists of that many, the last one filled up when told.", `[1, 2, 3] | batch(2, 0) | list`, "[[1, 2], [3, 0]]"},
		{"count", "Another name of length.", `[1, 2] | count`, "2"},
		{"dictsort", "The pairs of a map sorted by key, or by value.", `{"b": 1, "a": 2} | dictsort`, "[('a', 2), ('b', 1)]"},
		{"first", "The first item.", `[3, 1, 2] | first`, "3"},
		{"groupby", "The items in groups that share an attribute: grouper and list.", `[{"n": "a"}, {"n": "b"}, {"n": "a"}] | groupby("n") | map("last") | map("length") | list`, "[2, 1]"},
		{"items", "The pairs of a map; none where there is no value.", `{"a": 1} | items | list`, "[('a', 1)]"},
		{"join", "The items as one text, with a separator between them.", `[1, 2, 3] | join("-")`, "1-2-3"},
		{"last", "The last item.", `[3, 1, 2] | last`, "2"},
		{"length", "How many items or characters there are.", `"web1" | length`, "4"},
		{"list", "The items as a list; a text as a list of its characters.", `"ab" | list`, "['a', 'b']"},
		{"map", "Each item through a filter, or an attribute of each.", `[{"n": 1}, {"n": 2}] | map(attribute="n") | list`, "[1, 2]"},
		{"max", "The largest item.", `[3, 1, 2] | max`, "3"},
		{"min", "The smallest item.", `[3, 1, 2] | min`, "1"},
		{"random", "Any one of the items.", `["a", "a"] | random`, "a"},
		{"reject", "The items for which a test does not hold; without one, those that are false.", `[1, 2, 3] | reject("odd") | list`, "[2]"},
		{"rejectattr", "The items for whose attribute a test does not hold.", `[{"up": true}, {"up": false}] | rejectattr("up") | list`, "[{'up': False}]"},
		{"reverse", "The items, or the text, from the end to the beginning.", `"abc" | reverse`, "cba"},
		{"select", "The items for which a test holds; without one, those that are true.", `[1, 2, 3] | select("odd") | list`, "[1, 3]"},
		{"selectattr", "The items for whose attribute a test holds.", `[{"p": 80}, {"p": 22}] | selectattr("p", "gt", 50) | list`, "[{'p': 80}]"},
		{"slice", "The items spread over that many lists.", `[1, 2, 3] | slice(2) | list`, "[[1, 2], [3]]"},
		{"sort", "The items sorted; large and small letters count the same unless told.", `["b", "A"] | sort`, "['A', 'b']"},
		{"sum", "All items added to the start.", `[1, 2, 3] | sum(start=10)`, "16"},
		{"unique", "Each item once.", `["a", "A", "b"] | unique | list`, "['a', 'b']"},
	}
}

func valueFilterRows() []docRow {
	return []docRow{
		{"abs", "The number without its sign.", `-3 | abs`, "3"},
		{"attr", "An attribute of the value, never a member of a map.", `{"keys": 1} | attr("keys") is callable`, "True"},
		{"d", "Short for default.", `missing | d("none")`, "none"},
		{"default", "A value for what is missing; with true as second argument, for what is empty too.", `"" | default("none", true)`, "none"},
		{"filesizeformat", "A number of bytes for people; in powers of 1024 when told.", `2048 | filesizeformat(true)`, "2.0 KiB"},
		{"float", "The value as a floating point number, or the default.", `"1.5" | float`, "1.5"},
		{"int", "The value as an integer, or the default; texts may have another base.", `"ff" | int(0, 16)`, "255"},
		{"pprint", "The value as Python would write it, on several lines when long.", `{"b": [1], "a": none} | pprint`, "{'a': None, 'b': [1]}"},
		{"round", "The number rounded to that many places; method is common, ceil or floor.", `2.25 | round(1, "ceil")`, "2.3"},
		{"tojson", "The value as JSON that is safe inside HTML.", `{"a": "<b>"} | tojson`, `{"a": "\u003cb\u003e"}`},
	}
}
