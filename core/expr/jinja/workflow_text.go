package jinja

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
)

// plan is how a text is evaluated.
type plan struct {
	pieces []piece // what stands outside of raw blocks, when there are no other blocks
	whole  bool    // the text is one template: it has blocks
}

// piece is plain text, or one "{{ … }}".
type piece struct {
	text   string // as it stands
	inline bool
	at     expr.Pos  // where its expression begins, or the text
	code   *Template // of an inline piece
	err    error     // why there is no code
}

// planFor takes a text apart, once.
func (e *Evaluator) planFor(text string) *plan {
	p, _ := e.plans.Get(text, func() (*plan, error) {
		bare := rawText.ReplaceAllLiteralString(text, "")
		p := &plan{whole: blockText.MatchString(text)}
		if !blockText.MatchString(bare) {
			p.pieces = e.pieces(bare)
		}
		return p, nil
	})
	return p
}

func (e *Evaluator) pieces(text string) []piece {
	var out []piece
	end := 0
	for _, m := range inlineText.FindAllStringIndex(text, -1) {
		if m[0] > end {
			out = append(out, piece{text: text[end:m[0]]})
		}
		p := piece{text: text[m[0]:m[1]], inline: true}
		inner := strip(p.text)
		p.at = position(text, m[0]+strings.Index(p.text, inner))
		p.code, p.err = e.env.CompileExpression(inner)
		out = append(out, p)
		end = m[1]
	}
	if end < len(text) {
		out = append(out, piece{text: text[end:]})
	}
	return out
}

// Evaluate gives the value of a text. Errors are of class JinjaEvaluationException, with the class
// of the inner error as cause ("" when a value is missing), or a budget's.
func (e *Evaluator) Evaluate(run Run, text string, w *functions.Workflow) (expr.Value, error) {
	run.Budget = run.budget()
	vars := e.vars(w)
	p := e.planFor(text)
	v, err := p.inline(run, vars)
	if err != nil || !p.whole {
		return v, err
	}
	return e.template(run, text, vars)
}

func (e *Evaluator) template(run Run, text string, vars Vars) (expr.Value, error) {
	t, err := e.env.Compile(text)
	if err != nil {
		return nil, evaluationError(text, err)
	}
	out, err := t.Render(run, vars)
	if err != nil {
		return nil, evaluationError(text, err)
	}
	return out, nil
}

// inline evaluates the pieces: the value of a single one, else the text of all.
func (p *plan) inline(run Run, vars Vars) (expr.Value, error) {
	alone := len(p.pieces) == 1 && p.pieces[0].inline && !p.whole
	out := newBuffer(run.Budget)
	var missing []piece
	for _, part := range p.pieces {
		if !part.inline {
			if err := out.Put(part.text); err != nil {
				return nil, err
			}
			continue
		}
		v, err := part.value(run, vars)
		if err != nil {
			return nil, err
		}
		if _, undefined := v.(*expr.Undefined); undefined {
			missing = append(missing, part)
			continue
		}
		if alone {
			return v, nil
		}
		s, err := expr.Str(run.Budget, v)
		if err != nil {
			return nil, part.fault(err)
		}
		if err := out.Put(s); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 {
		return nil, unresolved(missing)
	}
	return out.String(), nil
}

func (p piece) value(run Run, vars Vars) (expr.Value, error) {
	if p.err != nil {
		return nil, p.fault(p.err)
	}
	v, err := p.code.Value(run, vars)
	if err != nil {
		return nil, p.fault(err)
	}
	return v, nil
}

// fault wraps an error of the piece's expression, with its place in the whole text.
func (p piece) fault(err error) error {
	err = evaluationError(p.text, err)
	if e, ok := err.(*expr.Error); ok && e.Class == evaluationClass {
		e.Pos = within(p.at, e.Pos)
	}
	return err
}

// within is a place in an expression as one in the text where the expression begins at start.
func within(start, pos expr.Pos) expr.Pos {
	if pos.Line <= 1 {
		pos.Line, pos.Col = start.Line, start.Col+max(pos.Col-1, 0)
	} else {
		pos.Line += start.Line - 1
	}
	pos.Offset += start.Offset
	return pos
}

func unresolved(missing []piece) error {
	names := make([]string, len(missing))
	for i, p := range missing {
		names[i] = strip(p.text)
	}
	msg := "There are unresolved variables: " + strings.Join(names, ", ")
	return &expr.Error{Class: evaluationClass, Msg: msg, Pos: missing[0].at}
}
