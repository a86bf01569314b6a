package yaql

import "github.com/petrelhq/petrel/core/expr"

// typeSpecs are the tests for types and bool().
func typeSpecs() []spec {
	is := func(name, what, example, result string, test func(v Value) bool) spec {
		return spec{name, AsFunction, "value: any", func(c *Call) (Value, error) { return test(c.args[0]), nil }, "Whether the value is " + what + ".", example, result}
	}
	return []spec{
		{"bool", AsFunction, "value: any", toBool, "Whether the value is anything but false, 0, null or empty.", "bool([0])", "true"},
		is("isBoolean", "true or false", "isBoolean(false)", "true", boolKind.accepts),
		is("isString", "text", "isString('a')", "true", textKind.accepts),
		is("isInteger", "an int", "isInteger(1.0)", "false", isInteger),
		is("isNumber", "an int or a float", "isNumber(1.5)", "true", isNumber),
		is("isList", "a list", "isList([])", "true", sequenceKind.accepts),
		is("isDict", "a map", "isDict({})", "true", mapKind.accepts),
		is("isSet", "a set", "isSet(set())", "true", isSet),
		is("isIterable", "a list, a set or a query", "isIterable(range(2))", "true", isIterable),
		is("isRegex", "a compiled pattern", "isRegex(regex('a'))", "true", regexKind.accepts),
		is("isDatetime", "a date", "isDatetime(now())", "true", datetimeKind.accepts),
		is("isTimespan", "a time span", "isTimespan(timespan(days => 1))", "true", timespanKind.accepts),
	}
}

func toBool(c *Call) (Value, error) { return expr.Truthy(c.args[0]) }
