package web

import (
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Texts are the words of the pages by key. {name} stands for a value, {Name} for the same at the start of a sentence; when
// the value is not known, the word of that name stands there. An empty line parts paragraphs.
type Texts map[string]string

// English returns the words in English, to which With puts others.
func English() Texts {
	return Texts{
		"lang": "en",
		"dir":  "ltr",

		"word.application":  "the application",
		"word.organization": "your organization",
		"word.provider":     "your company's sign-in",
		"word.support":      "your IT help desk",
		"word.email":        "your address",
		"word.label":        "this sign-in",

		"login.heading":     "Sign in",
		"login.text":        "Enter your work email. We take you to your company's own sign-in page, so your password stays there.",
		"login.button":      "Continue",
		"login.own":         "Joined by an invitation? Sign in with a passkey, password or code",
		"login.email.label": "Work email",
		"login.email.hint":  "For example ann@company.com",

		"connections.heading": "Choose how to sign in",
		"connections.text":    "{Organization} has more than one sign-in. Choose the one that you use at work.",

		"organizations.heading": "Choose an organization",
		"organizations.text":    "Your address leads to more than one. Which one do you want to go to?",

		"choice.last": "Used last time",
		"other.link":  "Use another email",

		"unknown.heading": "We could not find your sign-in",
		"unknown.text": "No sign-in page goes with {email}. Check the spelling, and use your work address, not a private one.\n\n" +
			"If the address is right, ask the person who invited you, or {support}, which one to use.",
		"unknown.button": "Try another address",
		"unknown.code":   "Joined by an invitation? Get a code by email",

		"post.heading": "One more step",
		"post.text": "Continue to {provider} to sign in.\n\n" +
			"Your browser carries a signed request there. This page runs no scripts, so it waits for you to press the button.",
		"post.button": "Continue",

		"postlogout.heading": "One more step",
		"postlogout.text": "Continue to {provider} to finish signing out.\n\n" +
			"Your browser carries a signed request there. This page runs no scripts, so it waits for you to press the button.",
		"postlogout.button": "Continue",

		"welcome.heading":       "Welcome",
		"welcome.heading.named": "Welcome, {name}",
		"welcome.text":          "You have joined {organization}. Next time, signing in takes you straight to {application}.",
		"welcome.button":        "Continue",
		"detail.role":           "Your role",
		"detail.department":     "Department",
		"detail.teams":          "Teams",

		"onboarding.heading":       "Getting started",
		"onboarding.some":          "{done} of {total} steps done.",
		"onboarding.some.minutes":  "{done} of {total} steps done, about {minutes} min left.",
		"onboarding.all":           "All steps done.",
		"onboarding.optional.only": "Nothing that you have to do. These are offered to you:",
		"onboarding.badge":         "You have earned the badge {badge}.",
		"onboarding.done":          "Done:",
		"onboarding.open":          "To do:",
		"onboarding.minutes":       "{minutes} min",
		"onboarding.optional":      "optional",
		"onboarding.new":           "new",

		"awaiting.heading": "Waiting for approval",
		"awaiting.text": "Your sign-in worked. An administrator of {organization} has to approve you first, and has been told.\n\n" +
			"Try again when you have heard from them. If it takes long, ask {support}.",
		"awaiting.button": "Try again",

		"notassigned.heading": "{Provider} did not let you in",
		"notassigned.text":    "Ask {support} to assign the app to you. Then try again.",
		"notassigned.button":  "Try again",

		"notpushed.heading": "Your directory has not told us about you yet",
		"notpushed.text": "Your sign-in worked, but {organization} has not sent us your account. A new account can take an hour to arrive.\n\n" +
			"Try again. If it stays like this, ask {support}.",
		"notpushed.button": "Try again",

		"noplace.heading": "You do not have access yet",
		"noplace.text":    "Your sign-in worked, but {organization} has not given you access to {application}. Ask {support} for it.",

		"paused.heading": "Nobody new can join right now",
		"paused.text":    "{Organization} has paused joining for a while. Try again later, or ask {support}.",
		"paused.button":  "Try again",

		"wrongaccount.heading":   "That is a different account",
		"wrongaccount.text":      "{Provider} signed you in with another account than the one you asked for. Sign in again, and choose the right one.",
		"wrongaccount.text.both": "You asked to sign in as {asked}, and came back as {got}. Sign in again, and choose the account that you want.",
		"wrongaccount.button":    "Sign in again",

		"suspended.heading": "Your access is turned off",
		"suspended.text":    "Your sign-in worked, but your access to {application} is suspended. Ask {support} if you still need it.",

		"expired.heading": "Please start again",
		"expired.text":    "The sign-in took too long, or this page was used before. Nothing is wrong with your account.",
		"expired.button":  "Start again",

		"toomany.heading": "Too many tries",
		"toomany.text":    "Wait a few minutes, and try again. If you cannot get in, ask {support}.",
		"toomany.button":  "Try again",

		"unavailable.heading": "{Provider} does not answer",
		"unavailable.text":    "We could not reach it. This is often over in a few minutes: try again. If it lasts, tell {support}.",
		"unavailable.button":  "Try again",

		"misconfigured.heading": "This sign-in is not set up right",
		"misconfigured.text":    "You have done nothing wrong, and trying again does not help. Send {support} the reference below: they can see what to change.",

		"broken.heading": "Something went wrong",
		"broken.text":    "The fault is ours. Try again in a moment. If it happens again, send {support} the reference below.",
		"broken.button":  "Try again",

		"elsewhere.heading": "Sign in at your company",
		"elsewhere.text":    "{Organization} signs you in with its own sign-in page. Start there with your work email. If you cannot get in, ask {support}.",
		"elsewhere.button":  "Sign in",

		"again.button":   "Try again",
		"contact.button": "Write to {support}",
		"contact.open":   "Ask {support}",
		"contact.mail":   "Sign-in to {application}: reference {reference}",

		"terms.heading":         "Terms of use",
		"terms.text":            "Please read and accept the terms before you go on.",
		"terms.changed.heading": "The terms of use have changed",
		"terms.changed.text":    "Please read and accept the new version before you go on.",
		"terms.document":        "Terms of use, version {version}",
		"terms.link":            "Read the terms, version {version} (new tab)",
		"terms.button":          "Accept and continue",
		"terms.decline":         "Do not accept, and sign out",

		"coderequest.heading": "Sign in with a code",
		"coderequest.text": "We mail a code to people who joined by an invitation and have no company sign-in.\n\n" +
			"It is also the emergency sign-in of a few named people, for when the company's sign-in is down. Administrators are told of every emergency use.",
		"coderequest.button":      "Send me a code",
		"coderequest.back":        "Sign in the usual way",
		"coderequest.email.label": "Email",
		"coderequest.email.hint":  "The address that was invited, or is registered for emergencies",

		"codeentry.heading":     "Enter your code",
		"codeentry.text":        "If {email} may sign in this way, a code is on its way to it. The code works once, and only in this browser.",
		"codeentry.text.before": "You asked for a code a moment ago: if {email} may sign in this way, it is on its way or in the mailbox, and works. Another one can be sent in a minute.",
		"codeentry.button":      "Sign in",
		"codeentry.again":       "Send a new code",
		"codeentry.code.label":  "Code",
		"codeentry.code.hint":   "From the email that we sent",

		"invitation.heading":         "You are invited to {organization}",
		"invitation.text":            "{Organization} invites {email} to {application}.",
		"invitation.text.inviter":    "{inviter} invites {email} to join {organization} on {application}.",
		"invitation.message":         "Message from whoever invites you",
		"invitation.provider":        "To accept, sign in at your company with that address.",
		"invitation.provider.button": "Continue with {provider}",
		"invitation.code":            "To accept, have a code mailed to {email}, and enter it here in this browser.",
		"invitation.code.button":     "Mail me a code",
		"invitation.accept.button":   "Accept as {as}",
		"invitation.decline":         "Decline the invitation",
		"detail.until":               "Works until",

		"invitationcode.heading":     "Enter your code",
		"invitationcode.text":        "A code is on its way to {email}. It works for 15 minutes, once, and only in this browser. Entering it accepts the invitation.",
		"invitationcode.text.before": "A code was sent to {email} a moment ago, and works. Another one can be sent in a minute.",
		"invitationcode.button":      "Accept the invitation",
		"invitationcode.again":       "Back to the invitation, for a new code",
		"invitationcode.code.label":  "Code",
		"invitationcode.code.hint":   "From the email that we sent",

		"invitationdecline.heading": "Decline the invitation?",
		"invitationdecline.text":    "Your link stops working, and {organization} sees that you declined. To come after all, you need a new invitation.",
		"invitationdecline.button":  "Decline",
		"invitationdecline.keep":    "Back to the invitation",

		"invitationaccount.heading":  "This invitation is for another address",
		"invitationaccount.text":     "It is for {email}, and you are signed in with another account. Sign in with that address; or, if both are yours, ask for the address to be changed.",
		"invitationaccount.text.got": "It is for {email}, and you are signed in as {got}. Sign in with the address that was invited; or, if both are yours, ask for the address to be changed.",
		"invitationaccount.switch":   "Switch account",
		"invitationaccount.address":  "Ask for the address to be changed",
		"invitationaccount.stay":     "Go on without the invitation",

		"invitationasked.heading": "The administrators have been asked",
		"invitationasked.text":    "They see both addresses, and write to you. Until then nothing changes: the invitation stays open for the address that was invited.",
		"invitationasked.button":  "Continue",

		"invitationover.expired.heading":    "This invitation has expired",
		"invitationover.expired.text":       "Ask whoever invited you for a new one, or ask {support}.",
		"invitationover.replaced.heading":   "There is a newer link",
		"invitationover.replaced.text":      "A newer email has taken this link's place. Open the link of the latest email from {organization}.",
		"invitationover.accepted.heading":   "This invitation has been accepted",
		"invitationover.accepted.text":      "It works once. If it was you, sign in to go on; if not, tell whoever invited you.",
		"invitationover.declined.heading":   "This invitation was declined",
		"invitationover.declined.text":      "You can close this window. If you want to come after all, ask whoever invited you for a new invitation.",
		"invitationover.cancelled.heading":  "This invitation was taken back",
		"invitationover.cancelled.text":     "If you think that this is a mistake, ask whoever invited you, or ask {support}.",
		"invitationover.unapproved.heading": "This invitation is being looked at again",
		"invitationover.unapproved.text":    "What it gives has changed, and {organization} looks at it once more. You will get a new email with a link; until then you need not do anything.",
		"invitationover.unknown.heading":    "This link leads to no invitation",
		"invitationover.unknown.text":       "Open the link in the email once more, as a whole: some mail programs cut long links in two.",
		"invitationover.button":             "Sign in",

		"passwordlogin.heading":        "Sign in without your company",
		"passwordlogin.text":           "For people who were invited, and whose company has no sign-in of its own here.",
		"passwordlogin.button":         "Sign in",
		"passwordlogin.code":           "Send me a code by email instead",
		"passwordlogin.passkey":        "Sign in with a passkey",
		"passwordlogin.failed":         "The passkey was not used. Try again, or sign in another way.",
		"passwordlogin.email.label":    "Email",
		"passwordlogin.email.hint":     "The address to which you were invited",
		"passwordlogin.password.label": "Password",

		"ownsignin.heading":        "How you sign in",
		"ownsignin.text":           "A passkey or a password lets you in without waiting for a code by email. Changing one signs you out everywhere else.",
		"ownsignin.done":           "That is saved.",
		"ownsignin.button":         "Set password",
		"ownsignin.later":          "Later",
		"ownsignin.continue":       "Done",
		"ownsignin.password":       "Set a password",
		"ownsignin.password.other": "Change your password",
		"ownsignin.email.label":    "Your address",
		"ownsignin.password.label": "New password",
		"ownsignin.password.hint":  "12 characters or more. A few words that nobody would guess work well.",
		"ownsignin.password.gone":  "Remove the password",
		"ownsignin.password.since": "Password set",
		"ownsignin.passkey":        "Add a passkey",
		"ownsignin.passkey.text":   "Your phone, computer or security key lets you in by your fingerprint, face or PIN. There is nothing to remember.",
		"ownsignin.failed":         "No passkey was added. Try again, or set a password.",
		"ownsignin.name.label":     "Passkey",
		"ownsignin.name.hint":      "Added {added}",
		"ownsignin.name.used":      "Added {added}, last used {used}",
		"ownsignin.rename":         "Rename",
		"ownsignin.remove":         "Remove",
		"word.added":               "some time ago",
		"word.used":                "some time ago",

		"signout.heading":    "Sign out?",
		"signout.text":       "Signing out ends this session on this device.",
		"signout.text.named": "You are signed in as {email}. Signing out ends this session on this device.",
		"signout.button":     "Sign out",
		"signout.stay":       "Stay signed in",

		"signedout.heading":      "You are signed out",
		"signedout.text":         "You can close this window.",
		"signedout.here.heading": "You are signed out here",
		"signedout.here.text":    "You may still be signed in at {provider}. On a shared computer, sign out there too.",
		"signedout.button":       "Sign in again",

		"problem.heading": "There is a problem",
		"problem.title":   "Problem",
		"email.missing":   "Enter your email address.",
		"email.invalid":   "Enter the whole address, for example ann@company.com.",
		"code.missing":    "Enter the code from the email.",
		"code.wrong":      "This code does not work, or no longer. Check it, or ask for a new one.",

		"password.missing":  "Enter your password.",
		"password.short":    "Use 12 characters or more.",
		"password.long":     "Use 128 characters or fewer.",
		"password.common":   "Many people use this password, so it is easy to guess. Choose another.",
		"password.personal": "Your name, your address and your organization are easy to guess. Choose something else.",
		"credential.wrong":  "This did not work. Check the address and the password, or ask for a code by email.",
		"passkey.wrong":     "The passkey could not be added. Try again.",

		"help.heading":     "Need help?",
		"help.nobody":      "Ask {support}.",
		"reference":        "Reference",
		"reference.advice": "Give this number when you ask.",
	}
}

// With returns these words with others in their place. Keys that it lacks are kept out, since nobody would see them.
func (t Texts) With(others Texts) Texts {
	out := maps.Clone(t)
	for key, text := range others {
		if _, known := out[key]; known {
			out[key] = text
		}
	}
	return out
}

// put puts values into a text, in one pass: what stands in a value is never taken for a placeholder.
func (t Texts) put(text string, values map[string]string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			out.WriteString("{" + rest)
			return out.String()
		}
		value := t.value(name, values)
		out.WriteString(value)
		if strings.HasSuffix(value, ".") {
			after = strings.TrimPrefix(after, ".") // a sentence that ends with Acme Inc.
		}
		text = after
	}
}

func (t Texts) value(name string, values map[string]string) string {
	lower := strings.ToLower(name)
	if value := values[lower]; value != "" {
		return value
	}
	word := t["word."+lower]
	if lower == name {
		return word
	}
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[size:]
}
