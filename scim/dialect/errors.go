package dialect

import "github.com/mixus/usher/directory"

func syntaxError(format string, args ...any) *directory.Error {
	e := directory.Errorf(directory.Invalid, format, args...)
	e.Code = "invalidSyntax"
	return e
}

func valueError(field, format string, args ...any) *directory.Error {
	e := directory.Errorf(directory.Invalid, format, args...)
	e.Code, e.Field = "invalidValue", field
	return e
}

func codedError(code, message string) error {
	return &directory.Error{Kind: directory.Invalid, Code: code, Message: message}
}
