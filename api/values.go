package api

import (
	"reflect"
	"time"

	"github.com/mixus/usher/directory"
)

func problemType() reflect.Type { return reflect.TypeFor[Problem]() }

// list makes an empty list of none, so that clients always find a list.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// instant makes the zero time absent.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// text makes the zero id absent.
func text(id directory.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}
