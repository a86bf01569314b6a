package rules

import "github.com/petrelhq/petrel/core/expr"

// OperatorDocs describe the operators of criteria. Example is a criterion; Result says which payload
// matches it and which does not: {"n": 2} matches, {"n": 5} does not.
func OperatorDocs() []expr.Doc {
	docs := append(equalityDocs(), textDocs()...)
	docs = append(docs, patternDocs()...)
	docs = append(docs, orderDocs()...)
	return append(docs, memberDocs()...)
}

func equalityDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "equals", Summary: "The value is the pattern; texts and numbers are never equal.", Example: `trigger.n: {type: equals, pattern: 2}`, Result: `{"n": 2.0} matches, {"n": "2"} does not`},
		{Name: "eq", Summary: "Short for equals.", Example: `trigger.host: {type: eq, pattern: web1}`, Result: `{"host": "web1"} matches, {"host": "WEB1"} does not`},
		{Name: "nequals", Summary: "The value is not the pattern, or there is none.", Example: `trigger.host: {type: nequals, pattern: web1}`, Result: `{} matches, {"host": "web1"} does not`},
		{Name: "neq", Summary: "Short for nequals.", Example: `trigger.n: {type: neq, pattern: 2}`, Result: `{"n": 3} matches, {"n": 2} does not`},
		{Name: "iequals", Summary: "The texts are equal when all letters are small.", Example: `trigger.host: {type: iequals, pattern: Web1}`, Result: `{"host": "WEB1"} matches, {"host": "web2"} does not`},
		{Name: "ieq", Summary: "Short for iequals.", Example: `trigger.host: {type: ieq, pattern: web1}`, Result: `{"host": "WEB1"} matches, {"host": "web"} does not`},
		{Name: "exists", Summary: "There is a value and it is not null; the pattern does not count, but has to be there.", Example: `trigger.host: {type: exists, pattern: true}`, Result: `{"host": ""} matches, {"host": null} does not`},
		{Name: "nexists", Summary: "There is no value, or it is null.", Example: `trigger.host: {type: nexists, pattern: true}`, Result: `{} matches, {"host": ""} does not`},
	}
}

func textDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "startswith", Summary: "The text begins with the pattern.", Example: `trigger.host: {type: startswith, pattern: web}`, Result: `{"host": "web1"} matches, {"host": "Web1"} does not`},
		{Name: "istartswith", Summary: "The same, in large or small letters.", Example: `trigger.host: {type: istartswith, pattern: web}`, Result: `{"host": "WEB1"} matches, {"host": "db1"} does not`},
		{Name: "endswith", Summary: "The text ends with the pattern.", Example: `trigger.file: {type: endswith, pattern: .log}`, Result: `{"file": "a.log"} matches, {"file": "a.LOG"} does not`},
		{Name: "iendswith", Summary: "The same, in large or small letters.", Example: `trigger.file: {type: iendswith, pattern: .log}`, Result: `{"file": "a.LOG"} matches, {"file": "a.txt"} does not`},
		{Name: "contains", Summary: "The text has the pattern in it, the list an equal item, the object such a key.", Example: `trigger.tags: {type: contains, pattern: prod}`, Result: `{"tags": ["prod", "web"]} matches, {"tags": ["test"]} does not`},
		{Name: "ncontains", Summary: "The text, list or object does not have it; it has to be there.", Example: `trigger.tags: {type: ncontains, pattern: prod}`, Result: `{"tags": []} matches, {} does not`},
		{Name: "icontains", Summary: "The text has the pattern in it, in large or small letters.", Example: `trigger.line: {type: icontains, pattern: error}`, Result: `{"line": "ERROR: disk"} matches, {"line": "ok"} does not`},
		{Name: "incontains", Summary: "The text does not have the pattern in it, in large or small letters.", Example: `trigger.line: {type: incontains, pattern: error}`, Result: `{"line": "ok"} matches, {"line": "Error"} does not`},
	}
}

func patternDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "matchwildcard", Summary: "The whole text is like the pattern: * for anything, ? for one character, [a-z] and [!a-z] for one of them or none of them.", Example: `trigger.host: {type: matchwildcard, pattern: "web[0-9]*"}`, Result: `{"host": "web12"} matches, {"host": "my-web1"} does not`},
		{Name: "regex", Summary: "The regular expression is found somewhere in the text.", Example: `trigger.host: {type: regex, pattern: "[0-9]$"}`, Result: `{"host": "web1"} matches, {"host": "web"} does not`},
		{Name: "iregex", Summary: "The same, in large or small letters.", Example: `trigger.host: {type: iregex, pattern: "^web"}`, Result: `{"host": "WEB1"} matches, {"host": "my-web1"} does not`},
		{Name: "matchregex", Summary: "The regular expression matches from the text's beginning; its dot takes line ends too. New rules use regex.", Example: `trigger.line: {type: matchregex, pattern: "a.*b"}`, Result: `{"line": "a\nb"} matches, {"line": "1 a b"} does not`},
	}
}

func orderDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "lessthan", Summary: "The value comes before the pattern; numbers compare with numbers, texts with texts.", Example: `trigger.load: {type: lessthan, pattern: 5}`, Result: `{"load": 4.5} matches, {"load": 5} does not`},
		{Name: "lt", Summary: "Short for lessthan.", Example: `trigger.host: {type: lt, pattern: web2}`, Result: `{"host": "web1"} matches, {"host": "web3"} does not`},
		{Name: "greaterthan", Summary: "The value comes after the pattern.", Example: `trigger.load: {type: greaterthan, pattern: 5}`, Result: `{"load": 9} matches, {"load": "9"} does not`},
		{Name: "gt", Summary: "Short for greaterthan.", Example: `trigger.load: {type: gt, pattern: 5}`, Result: `{"load": 6} matches, {"load": 5} does not`},
		{Name: "timediff_lt", Summary: "The date is less than that many seconds ago, or still to come; without a zone it is UTC.", Example: `trigger.at: {type: timediff_lt, pattern: 3600}`, Result: `{"at": "2999-12-31T23:59:59Z"} matches, {"at": "2001-01-01"} does not`},
		{Name: "td_lt", Summary: "Short for timediff_lt.", Example: `trigger.at: {type: td_lt, pattern: 60}`, Result: `{"at": "31 Dec 2999"} matches, {"at": "1 Jan 2001"} does not`},
		{Name: "timediff_gt", Summary: "The date is more than that many seconds ago.", Example: `trigger.at: {type: timediff_gt, pattern: 3600}`, Result: `{"at": "2001-01-01T12:00:00Z"} matches, {"at": "2999-12-31"} does not`},
		{Name: "td_gt", Summary: "Short for timediff_gt.", Example: `trigger.at: {type: td_gt, pattern: 60}`, Result: `{"at": "2001-01-01 12:00"} matches, {"at": "2999-12-31 12:00"} does not`},
	}
}

func memberDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "inside", Summary: "The value is in the pattern: an item of the list, or a part of the text.", Example: `trigger.host: {type: inside, pattern: [web1, web2]}`, Result: `{"host": "web1"} matches, {"host": "web3"} does not`},
		{Name: "in", Summary: "Short for inside.", Example: `trigger.n: {type: in, pattern: [1, 2]}`, Result: `{"n": 2} matches, {"n": 3} does not`},
		{Name: "ninside", Summary: "The value is not in the list or text; none at all is in no list.", Example: `trigger.host: {type: ninside, pattern: [web1, web2]}`, Result: `{} matches, {"host": "web1"} does not`},
		{Name: "nin", Summary: "Short for ninside.", Example: `trigger.n: {type: nin, pattern: [1, 2]}`, Result: `{"n": 3} matches, {"n": 2} does not`},
		{Name: "search", Summary: "The items of a list meet criteria of their own, whose keys begin with item. The condition says how many: all or any of them meet every criterion, all2any or any2any at least one.",
			Example: `trigger.vms: {type: search, condition: any, pattern: {item.up: {type: equals, pattern: false}, item.name: {type: startswith, pattern: web}}}`,
			Result:  `{"vms": [{"name": "web1", "up": false}]} matches, {"vms": [{"name": "db1", "up": false}, {"name": "web1", "up": true}]} does not`},
	}
}
