package patch

import "github.com/mixus/usher/scim/schema"

// Op is what an operation does.
type Op string

// The operations of RFC 7644, section 3.5.2.
const (
	Add     Op = "add"
	Remove  Op = "remove"
	Replace Op = "replace"
)

// Operation is one operation of a PATCH, normalized: it has a path, and its value has the type that the schema asks for
// at that path. An operation that came without path is one Operation for each attribute in its value.
type Operation struct {
	Op    Op
	Path  *Path
	Value any // nil for remove, or the elements to remove from a multi-valued attribute
}

// Apply returns the resource after all operations, and the paths of the attributes that changed. current holds canonical
// names (externalId among them, extensions nested under their URN) and is not changed; the result shares with it what
// stayed the same, and nothing in either may be changed afterwards. Either all operations apply or none.
//
// Only what the operations touch is checked, so that a record which an older schema let in can still be deactivated.
// Errors are *directory.Error with Code noTarget, mutability, invalidValue or invalidPath.
func Apply(res *schema.Resource, current map[string]any, ops []Operation) (next map[string]any, touched []string, err error) {
	s := newState(res, current)
	for i := range ops {
		if err := s.apply(&ops[i]); err != nil {
			return nil, nil, err
		}
	}
	return s.root, s.touched, nil
}
