package patch_test

import (
	"reflect"
	"strings"

	"github.com/mixus/usher/scim/patch"
	"github.com/mixus/usher/scim/schema"
)

// The model applies operations the slow and obvious way: it copies everything, treats each attribute as a list of
// elements, and changes it in place.

// modelApply reports false where an operation must be refused.
func modelApply(current map[string]any, ops []patch.Operation) (map[string]any, bool) {
	root := copied(current).(map[string]any)
	for _, op := range ops {
		a := op.Path.Attribute
		home := root
		if a.Extension {
			if root[a.URN] == nil {
				root[a.URN] = map[string]any{}
			}
			home = root[a.URN].(map[string]any)
		}
		var list []any
		if a.MultiValued && home[a.Name] != nil {
			list = home[a.Name].([]any)
		} else if home[a.Name] != nil {
			list = []any{home[a.Name]}
		}
		list, ok := modelOp(op, list)
		if !ok || len(list) == 0 && a.Required {
			return nil, false
		}
		switch {
		case len(list) == 0:
			delete(home, a.Name)
		case a.MultiValued:
			home[a.Name] = list
		default:
			home[a.Name] = list[0]
		}
		if a.Extension && len(home) == 0 {
			delete(root, a.URN)
		}
	}
	return root, true
}

func modelOp(op patch.Operation, list []any) ([]any, bool) {
	op.Value = copied(op.Value)
	var in, out []any
	for _, e := range list {
		if op.Path.ValueFilter == nil || op.Path.ValueFilter.Match(e) {
			in = append(in, e)
		} else {
			out = append(out, e)
		}
	}
	whole := op.Path.ValueFilter == nil && op.Path.Sub == nil && op.Path.Attribute.MultiValued
	switch {
	case op.Op == patch.Remove:
		return modelRemove(op, list), true
	case whole && op.Op == patch.Replace:
		return op.Value.([]any), true
	case whole:
		for _, v := range op.Value.([]any) {
			list = modelUnion(list, v)
		}
		return list, true
	case len(in) == 0:
		made, ok := modelCreate(op)
		if !ok {
			return nil, false
		}
		if !op.Path.Attribute.MultiValued {
			return []any{made}, true
		}
		return modelUnion(out, made), true
	}
	for i := range list {
		if op.Path.ValueFilter == nil || op.Path.ValueFilter.Match(list[i]) {
			object, isObject := list[i].(map[string]any)
			if !isObject {
				list[i] = op.Value
				continue
			}
			modelSet(op, object)
		}
	}
	modelPrimary(op, list, in)
	return list, true
}

// modelPrimary leaves only the first of the elements that were selected primary, if the operation made them so.
func modelPrimary(op patch.Operation, list, in []any) {
	object, _ := op.Value.(map[string]any)
	made := object["primary"] == true || op.Path.Sub != nil && op.Path.Sub.Name == "primary" && op.Value == true
	if !made || !op.Path.Attribute.MultiValued {
		return
	}
	for _, e := range list {
		if m := e.(map[string]any); m["primary"] == true && !samePointer(m, in[0]) {
			m["primary"] = false
		}
	}
}

func samePointer(a, b any) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }

func modelSet(op patch.Operation, object map[string]any) {
	values, _ := op.Value.(map[string]any)
	if op.Path.Sub != nil {
		values = map[string]any{op.Path.Sub.Name: op.Value}
	}
	modelMerge(object, values)
}

func modelMerge(object, values map[string]any) {
	if v, given := values["value"]; given && object["value"] != v {
		delete(object, "$ref")
	}
	for k, v := range values {
		object[k] = v
	}
}

func modelCreate(op patch.Operation) (any, bool) {
	if op.Path.Attribute.Type != schema.Complex {
		if op.Path.ValueFilter != nil {
			_, ok := op.Path.ValueFilter.Equalities()
			return op.Value, ok
		}
		return op.Value, true
	}
	made := map[string]any{}
	if op.Path.ValueFilter != nil {
		terms, ok := op.Path.ValueFilter.Equalities()
		if !ok {
			return nil, false
		}
		for _, term := range terms {
			if made[term.Sub.Name] != nil && made[term.Sub.Name] != term.Value {
				return nil, false
			}
			made[term.Sub.Name] = term.Value
		}
		if op.Path.Sub != nil && made[op.Path.Sub.Name] != nil && !modelSame(made[op.Path.Sub.Name], op.Value) {
			return nil, false
		}
	}
	modelSet(op, made)
	return made, true
}

func modelUnion(list []any, v any) []any {
	at := -1
	for i, e := range list {
		x, xok := e.(map[string]any)
		y, yok := v.(map[string]any)
		switch {
		case at >= 0:
		case !xok || !yok:
			if modelSame(e, v) {
				at = i
			}
		case x["value"] == nil || y["value"] == nil:
			if reflect.DeepEqual(x, y) {
				at = i
			}
		case modelSame(x["value"], y["value"]) && modelSame(x["type"], y["type"]):
			at = i
		}
	}
	object, isObject := v.(map[string]any)
	if at < 0 {
		at = len(list)
		list = append(list, v)
	} else if isObject {
		modelMerge(list[at].(map[string]any), object)
	}
	if isObject && object["primary"] == true {
		for i, e := range list {
			if m := e.(map[string]any); i != at && m["primary"] == true {
				m["primary"] = false
			}
		}
	}
	return list
}

func modelRemove(op patch.Operation, list []any) []any {
	var rest []any
	for _, e := range list {
		object, isObject := e.(map[string]any)
		switch {
		case op.Path.ValueFilter != nil && !op.Path.ValueFilter.Match(e):
			rest = append(rest, e)
		case op.Path.Sub != nil && isObject:
			had := object[op.Path.Sub.Name] != nil
			delete(object, op.Path.Sub.Name)
			hollow := had && op.Path.Sub.Name == "value" && op.Path.Attribute.MultiValued
			for k := range object {
				hollow = hollow && (k == "type" || k == "primary" || k == "display")
			}
			if len(object) > 0 && !hollow {
				rest = append(rest, e)
			}
		case op.Path.Sub == nil && op.Path.ValueFilter == nil && op.Value != nil && !modelListed(op.Value.([]any), e):
			rest = append(rest, e)
		}
	}
	return rest
}

func modelListed(listed []any, e any) bool {
	for _, l := range listed {
		want, isObject := l.(map[string]any)
		if !isObject {
			if modelSame(l, e) {
				return true
			}
			continue
		}
		have := e.(map[string]any)
		all := true
		for k, v := range want {
			all = all && modelSame(have[k], v)
		}
		if all {
			return true
		}
	}
	return false
}

// modelSame compares texts without case: all those of the generator's attributes are compared so.
func modelSame(a, b any) bool {
	x, ok := a.(string)
	y, ok2 := b.(string)
	if ok && ok2 {
		return strings.EqualFold(x, y)
	}
	return reflect.DeepEqual(a, b)
}

func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, e := range v {
			m[k] = copied(e)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = copied(e)
		}
		return l
	}
	return v
}
