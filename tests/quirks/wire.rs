//! Habits 35 to 75: answers, sessions, framing, fields; on the wire against a scripted SMSC.
