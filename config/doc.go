// Package config turns the files that people edit into plain data. It checks spelling, shape and format, and nothing
// that needs another file's meaning: whether a role exists is package mapping's to say.
//
//	usher.yaml ───────────────▶ Operator ──┐
//	  organizations/*.yaml ──▶ Organization ├─▶ Loaded
//	    permission_sets_file ─▶   (part of) ┘
//
// The way through the package is the way of a file: a source knows its lines, a tree knows where each value stands,
// and one table of keys per kind of thing (rule_keys.go, connection_keys.go, …) says which keys there are, what they
// hold and what to write instead. The parser, its hints and the JSON Schema for editors all read those tables, so they
// cannot disagree.
//
// Reading never stops at the first problem and never panics. Every problem has a file, a line, a column, the lines
// around it, and what to do.
package config
