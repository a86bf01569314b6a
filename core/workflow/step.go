package workflow

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/petrelhq/petrel/core"
)

// Step is what changed: small, to be appended to what is stored. As JSON it is a list of changes.
// The zero Step changes nothing.
type Step struct{ changes []change }

// Empty reports whether nothing changed.
func (s Step) Empty() bool { return len(s.changes) == 0 }

// And is a step that changes what s does, then what the others do.
func (s Step) And(others ...Step) Step {
	all := s.changes[:len(s.changes):len(s.changes)]
	for _, t := range others {
		all = append(all, t.changes...)
	}
	return Step{all}
}

// kindNames are the names of changeKinds by type.
var kindNames = func() map[reflect.Type]string {
	out := map[reflect.Type]string{}
	for name, fresh := range changeKinds {
		out[reflect.TypeOf(fresh())] = name
	}
	return out
}()

// MarshalJSON implements json.Marshaler.
func (s Step) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, c := range s.changes {
		body, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`["` + kindNames[reflect.TypeOf(c)] + `",`)
		b.Write(body)
		b.WriteByte(']')
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Step) UnmarshalJSON(raw []byte) error {
	var all [][]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	s.changes = make([]change, len(all))
	for i, pair := range all {
		var kind string
		if len(pair) != 2 || json.Unmarshal(pair[0], &kind) != nil || changeKinds[kind] == nil {
			return core.Errorf(core.Internal, "change %d of a workflow's step is of an unknown kind; was it written by a newer version?", i)
		}
		s.changes[i] = changeKinds[kind]()
		if err := json.Unmarshal(pair[1], s.changes[i]); err != nil {
			return err
		}
	}
	return nil
}
