package directory

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Value is one value of a permission set: a list, a size in bytes, a boolean or a level. Values merge by the most
// permissive: lists are united, the larger size wins, true wins over a level, and a level wins over false.
type Value struct {
	List  []string // set for a list
	Size  int64    // bytes; set where IsSize
	Level string   // "true", "false", or a word between them such as "admin_approval"

	IsList bool
	IsSize bool
}

// ListValue makes a list value, sorted and without duplicates.
func ListValue(items ...string) Value {
	l := slices.Clone(items)
	slices.Sort(l)
	return Value{IsList: true, List: slices.Compact(l)}
}

// SizeValue makes a size in bytes.
func SizeValue(bytes int64) Value { return Value{IsSize: true, Size: bytes} }

// LevelValue makes a level; "true" and "false" are its ends.
func LevelValue(level string) Value { return Value{Level: level} }

// Merge returns the most permissive of two values. Values of different shapes do not merge; the first is kept, and
// configuration checks report it.
func (v Value) Merge(o Value) Value {
	switch {
	case v.IsList && o.IsList:
		return ListValue(append(slices.Clone(v.List), o.List...)...)
	case v.IsSize && o.IsSize:
		return SizeValue(max(v.Size, o.Size))
	case !v.IsList && !o.IsList && !v.IsSize && !o.IsSize:
		if levelRank(o.Level) > levelRank(v.Level) {
			return o
		}
	}
	return v
}

// SameShape reports whether two values can merge.
func (v Value) SameShape(o Value) bool { return v.IsList == o.IsList && v.IsSize == o.IsSize }

// Withholds reports whether a value gives nothing, or nothing before an admin has approved it.
func (v Value) Withholds() bool {
	switch {
	case v.IsList:
		return len(v.List) == 0
	case v.IsSize:
		return v.Size == 0
	}
	return v.Level == "false" || v.Level == "admin_approval"
}

func levelRank(level string) int {
	switch level {
	case "", "false":
		return 0
	case "true":
		return 2
	}
	return 1
}

// MarshalJSON writes the value as administrators do: a list, a size such as "100MB", a boolean or a word.
func (v Value) MarshalJSON() ([]byte, error) {
	switch {
	case v.IsList:
		if v.List == nil {
			return []byte("[]"), nil
		}
		return json.Marshal(v.List)
	case v.IsSize:
		return json.Marshal(FormatSize(v.Size))
	case v.Level == "true", v.Level == "false":
		return []byte(v.Level), nil
	}
	return json.Marshal(v.Level)
}

// UnmarshalJSON reads what MarshalJSON writes: a text that is no size is a level.
func (v *Value) UnmarshalJSON(b []byte) error {
	var raw any
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	switch raw := raw.(type) {
	case bool:
		*v = LevelValue(strconv.FormatBool(raw))
		return nil
	case string:
		if size, err := ParseSize(raw); err == nil {
			*v = SizeValue(size)
		} else {
			*v = LevelValue(raw)
		}
		return nil
	case []any:
		var items []string
		err := json.Unmarshal(b, &items)
		*v = ListValue(items...)
		return err
	}
	return fmt.Errorf("%s is no value of a permission set", b)
}

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{
	{"TB", 1e12},
	{"GB", 1e9},
	{"MB", 1e6},
	{"KB", 1e3},
	{"TIB", 1 << 40},
	{"GIB", 1 << 30},
	{"MIB", 1 << 20},
	{"KIB", 1 << 10},
	{"B", 1},
}

// ParseSize reads "100MB", "1.5 GiB" or "512B" as bytes: decimal units are powers of 1000, the "i" forms of 1024.
func ParseSize(s string) (int64, error) {
	t := strings.ToUpper(strings.TrimSpace(s))
	for _, suffix := range []string{"TIB", "GIB", "MIB", "KIB", "TB", "GB", "MB", "KB", "B"} {
		number, ok := strings.CutSuffix(t, suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		for _, u := range sizeUnits {
			if u.suffix == suffix && err == nil && n >= 0 && n*float64(u.bytes) < 1<<62 {
				return int64(n * float64(u.bytes)), nil
			}
		}
		break
	}
	return 0, fmt.Errorf("%q is not a size such as 100MB or 2GiB", s)
}

// FormatSize writes bytes in the largest decimal unit that divides them.
func FormatSize(n int64) string {
	for _, u := range sizeUnits[:4] {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.suffix
		}
	}
	for _, u := range sizeUnits[4:8] {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + strings.Replace(u.suffix, "I", "i", 1)
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}
