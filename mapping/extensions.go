package mapping

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/mixus/usher/config"
)

// extensions is user.ext: the custom schemas of a resource by URN, decoded when a condition first asks.
type extensions struct {
	body    json.RawMessage
	zeros   zeros
	decoded map[string]any
	err     error
}

// zeros are what absent attributes of declared schemas are, by URN and name in lower case.
type zeros map[string]map[string]ref.Val

// extension is one custom schema of a resource.
type extension struct {
	values map[string]any
	zeros  map[string]ref.Val
}

// lenientMapType is the type of maps whose missing keys are empty. It is no CEL map, because CEL asks a map whether it has
// a key before it reads it, and cannot then be given an empty value without has() being wrong.
var lenientMapType = types.NewObjectType("usher.Attributes", traits.IndexerType|traits.FieldTesterType|traits.ContainerType)

// Get returns one schema; a URN that the resource does not have is an empty one.
func (e *extensions) Get(key ref.Val) ref.Val {
	urn, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key)
	}
	v, _, err := e.find(string(urn))
	if err != nil {
		return types.WrapErr(err)
	}
	return &extension{values: v, zeros: e.zeros[strings.ToLower(string(urn))]}
}

// IsSet reports whether the resource has a schema.
func (e *extensions) IsSet(key ref.Val) ref.Val { return e.Contains(key) }

// Contains reports whether the resource has a schema.
func (e *extensions) Contains(key ref.Val) ref.Val {
	urn, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key)
	}
	_, found, err := e.find(string(urn))
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(found)
}

func (e *extensions) find(urn string) (map[string]any, bool, error) {
	if e.decoded == nil && e.err == nil {
		e.decoded = map[string]any{}
		if len(e.body) > 0 {
			e.err = json.Unmarshal(e.body, &e.decoded)
		}
	}
	if e.err != nil {
		return nil, false, fmt.Errorf("user.ext cannot be read: %w", e.err)
	}
	v, _ := lookup(e.decoded, urn)
	m, ok := v.(map[string]any)
	return m, ok, nil
}

// Get returns an attribute; one that is absent is the zero value of its declared type, else an empty string.
func (x *extension) Get(key ref.Val) ref.Val {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key)
	}
	if v, found := lookup(x.values, string(name)); found && v != nil {
		return lenient(v)
	}
	if zero, declared := x.zeros[strings.ToLower(string(name))]; declared {
		return zero
	}
	return types.String("")
}

// lenient makes a CEL value out of decoded JSON, in which missing keys are empty all the way down.
func lenient(v any) ref.Val {
	switch v := v.(type) {
	case map[string]any:
		return &extension{values: v}
	case []any:
		items := make([]ref.Val, len(v))
		for i := range v {
			items[i] = lenient(v[i])
		}
		return types.NewRefValList(types.DefaultTypeAdapter, items)
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}

// IsSet reports whether the attribute has a value.
func (x *extension) IsSet(key ref.Val) ref.Val { return x.Contains(key) }

// Contains reports whether the attribute has a value.
func (x *extension) Contains(key ref.Val) ref.Val {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key)
	}
	v, found := lookup(x.values, string(name))
	return types.Bool(found && v != nil)
}

// lookup finds a key as written, else without regard to case: attribute names and URNs are case-insensitive (RFC 7643,
// section 2.1).
func lookup(m map[string]any, key string) (any, bool) {
	if v, ok := m[key]; ok {
		return v, true
	}
	for k, v := range m {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return nil, false
}

// zeroValues returns what absent attributes of a connection's declared schemas are in conditions.
func zeroValues(declared []config.Extension) zeros {
	all := make(zeros, len(declared))
	for i := range declared {
		of := make(map[string]ref.Val, len(declared[i].Attributes))
		for _, a := range declared[i].Attributes {
			of[strings.ToLower(a.Name)] = zeroValue(&a)
		}
		all[strings.ToLower(declared[i].URN)] = of
	}
	return all
}

func zeroValue(a *config.ExtensionAttribute) ref.Val {
	if a.MultiValued {
		return types.NewStringList(types.DefaultTypeAdapter, nil)
	}
	switch a.Type {
	case "boolean":
		return types.False
	case "integer":
		return types.IntZero
	case "decimal":
		return types.Double(0)
	case "complex":
		of := make(map[string]ref.Val, len(a.Attributes))
		for _, sub := range a.Attributes {
			of[strings.ToLower(sub.Name)] = zeroValue(&sub)
		}
		return &extension{zeros: of}
	}
	return types.String("")
}

// The rest makes both types CEL values. They compare with nothing and convert to nothing.

func (e *extensions) ConvertToNative(t reflect.Type) (any, error) { return notConvertible(t) }
func (x *extension) ConvertToNative(t reflect.Type) (any, error)  { return notConvertible(t) }

func notConvertible(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("custom attributes do not convert to %s", t)
}

func (e *extensions) ConvertToType(t ref.Type) ref.Val { return lenientConversion(t) }
func (x *extension) ConvertToType(t ref.Type) ref.Val  { return lenientConversion(t) }

func lenientConversion(t ref.Type) ref.Val {
	if t == types.TypeType {
		return lenientMapType
	}
	return types.NewErr("custom attributes do not convert to %s", t.TypeName())
}

func (e *extensions) Equal(o ref.Val) ref.Val { return types.Bool(ref.Val(e) == o) }
func (x *extension) Equal(o ref.Val) ref.Val  { return types.Bool(ref.Val(x) == o) }
func (e *extensions) Type() ref.Type          { return lenientMapType }
func (x *extension) Type() ref.Type           { return lenientMapType }
func (e *extensions) Value() any              { return e.decoded }
func (x *extension) Value() any               { return x.values }
