// Package invite reads the files by which many people are invited at once, and works through them.
//
// There are two kinds of file, told apart by their first line:
//
//	email,role,department,message                                        a bulk invitation
//	email,first_name,last_name,role,department,manager_email             a team import
//
// The columns may come in any order; role, and email, must be there. Fields are separated by commas, semicolons or tabs,
// whichever the first line has, and may be quoted (RFC 4180). The text is UTF-8, with or without a byte order mark. A bad row
// is reported with its line and column, and keeps no other from going in:
//
//	file ──▶ Reader ──▶ survey: bad rows, one address twice, managers in a circle
//	file ──▶ Reader ──▶ rows whose managers are done ──▶ batches ──▶ invited, already there, or refused
//
// The file is read again for managers who stand below their people, so that everybody is invited after their manager in
// whatever order the rows are, and no more than a batch of rows is in memory.
package invite
