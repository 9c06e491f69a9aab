// Package schema compiles the SCIM schema definitions into look-up tables: which attributes a resource has, under which
// name and URN, of which type, and who may change or see them (RFC 7643, sections 2 and 7). Names are found in any case.
//
// The definitions themselves, their JSON on /Schemas and the last word on a value's type come from
// github.com/elimity-com/scim; corrections.go is the one place that departs from them.
package schema
