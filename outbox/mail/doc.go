// Package mail hands mail to the operator's mail server, and writes the letters that usher sends.
//
// A letter becomes a Message, which is text and HTML alike, and a Sender hands it over:
//
//	Code, Alert ──▶ Message ──▶ Sender.Send ──▶ SMTP (RFC 5321), encrypted unless the server is on this machine
//
// Nothing is queued here. Send says whether trying again can help (Temporary), and whoever keeps the work that the mail
// follows from tries again, with the same Message.ID. It also says where nobody knows whether the server has taken the mail
// (Unanswered): to try again then may be to send it twice.
package mail
