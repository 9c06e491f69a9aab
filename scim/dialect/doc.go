// Package dialect turns what SCIM clients really send into what the standard says, driven by the schema and not by the
// client's name. A body whose meaning is plain is taken, whatever its shape; what was rewritten or dropped is noted by
// attribute name, never by value; what cannot be understood is refused with a sentence.
package dialect
