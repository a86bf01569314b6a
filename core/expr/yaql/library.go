package yaql

import "slices"

// Library gives the functions and operators of the language, fresh ones at each call. Names that begin
// with "#operator_" are binary operators, those with "#unary_operator_" signs and not.
func Library() []*Function {
	return build(slices.Concat(
		operatorSpecs(), systemSpecs(), branchSpecs(), typeSpecs(),
		dictSpecs(), setSpecs(),
		querySpecs(), selectionSpecs(), foldSpecs(), orderSpecs(), generatorSpecs(), cutSpecs(),
		textSpecs(), textSearchSpecs(), regexSpecs(), mathSpecs(), dateSpecs(), spanSpecs(),
	))
}
