package expr

import "context"

// ReadFunc reads the value under a dotted key; ok is false when there is none.
type ReadFunc func(ctx context.Context, key string) (v Value, ok bool, err error)

// Lookup is a lazy read of a key that grows by each attribute: st2kv.system.a.b collects "a.b"
// and reads when the value is needed. A missing key has empty text.
// st2: triggers-rules.md, "Datastore lookups via attribute".
type Lookup struct {
	read ReadFunc
	key  string
}

// NewLookup starts a lookup with an empty key.
func NewLookup(read ReadFunc) *Lookup { return &Lookup{read: read} }

// TypeName implements Object.
func (l *Lookup) TypeName() string { return "KeyValueLookup" }

// Key is the dotted key collected so far.
func (l *Lookup) Key() string { return l.key }

// Attr implements Attributer: one more part of the key.
func (l *Lookup) Attr(_ *Budget, name string) (Value, bool, error) {
	key := name
	if l.key != "" {
		key = l.key + "." + name
	}
	return &Lookup{read: l.read, key: key}, true, nil
}

// Item implements Indexer for subscripts with text.
func (l *Lookup) Item(b *Budget, key Value) (Value, bool, error) {
	if s, ok := Text(key); ok {
		return l.Attr(b, s)
	}
	return nil, false, nil
}

// Resolve implements Resolver: the stored value, or "" when there is none.
func (l *Lookup) Resolve(b *Budget) (Value, error) {
	v, ok, err := l.Read(b)
	if err != nil || !ok {
		return "", err
	}
	return v, nil
}

// Read reads the stored value.
func (l *Lookup) Read(b *Budget) (Value, bool, error) {
	if err := b.Step(100); err != nil {
		return nil, false, err
	}
	return l.read(b.Context(), l.key)
}

// Str implements Stringer.
func (l *Lookup) Str(b *Budget) (string, error) {
	v, err := l.Resolve(b)
	if err != nil {
		return "", err
	}
	return Str(b, v)
}

// Truthy implements Truther: whether the text is not empty.
func (l *Lookup) Truthy() (bool, error) { return true, nil }

// EqualTo implements Equaler: the stored value decides.
func (l *Lookup) EqualTo(b *Budget, other Value) (bool, error) {
	v, err := l.Resolve(b)
	if err != nil {
		return false, err
	}
	return Equal(b, v, other)
}
