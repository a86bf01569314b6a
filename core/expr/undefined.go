package expr

// Strictness says how an Undefined reacts to being used.
type Strictness int

const (
	Strict  Strictness = iota // any use but asking whether it is defined fails
	Lenient                   // empty text, false, an empty sequence; members and arithmetic fail
)

// Undefined stands for a name or member that was not there.
type Undefined struct {
	Kind  Strictness
	Hint  string // whole message, when not the usual one
	Name  Value  // the name or key asked for
	Of    Value  // the object asked, when Owned
	Owned bool
	Class string // class of the error on use; "" means UndefinedError
}

// Err is the error that using u gives.
func (u *Undefined) Err() error {
	class := u.Class
	if class == "" {
		class = "UndefinedError"
	}
	return Errorf(class, "%s", u.Message())
}

// Message explains what was missing.
func (u *Undefined) Message() string {
	if u.Hint != "" {
		return u.Hint
	}
	name, err := Repr(nil, u.Name)
	if err != nil {
		name = "?"
	}
	if !u.Owned {
		return name + " is undefined"
	}
	if _, ok := Text(u.Name); !ok {
		return ownerName(u.Of) + " has no element " + name
	}
	return "'" + ownerName(u.Of) + "' has no attribute " + name
}

func ownerName(v Value) string {
	if v == nil {
		return "None"
	}
	return TypeName(v) + " object"
}

// use is the error of a use that lenient values allow.
func (u *Undefined) use() error {
	if u.Kind == Strict {
		return u.Err()
	}
	return nil
}

func (u *Undefined) typeName() string {
	if u.Kind == Strict {
		return "StrictUndefined"
	}
	return "Undefined"
}
