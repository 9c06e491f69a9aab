// Package scim is the SCIM 2.0 service provider at /scim/v2/{connection} (RFC 7643, RFC 7644, RFC 9865): what identity
// providers push to and read from.
//
//	request ─▶ guard     token → connection; the same 401 for every reason
//	        ─▶ query     strict, names in any case
//	        ─▶ dialect   one canonical document or list of operations, valid
//	        ─▶ change    a closure over facts.Writer, done in one transaction by provision.Engine
//	        ─▶ envelope  the stored bytes, spliced into the answer
//
// Reading never decodes a stored resource unless a projection or a filter asks for its parts, never keeps more than a
// page in memory, and never holds a View of the store across a write to the network. Writing decodes, normalizes and
// validates before the transaction begins.
//
// Two promises about groups. A change of membership costs what the change costs: a PATCH answers 204 and never reads the
// list. A group of more than a thousand members is read in pages, each a snapshot of its own: who is a member throughout
// is listed exactly once, and the ETag is that of the moment at which reading began, so that a conditional write based on
// a list that changed meanwhile is refused (RFC 7644, section 3.14).
package scim
