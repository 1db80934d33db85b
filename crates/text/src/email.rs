//! Emails (RFC 5322, MIME): sender, recipients, subject and date, then the text, the plain version
//! if there are both, then each attachment with its name and, if it is text, its text. Emails
//! within emails are read up to a depth; no other attachment is opened.

use super::writer::{Break, Writer};
use super::{ExtractFailure, ExtractLimits, Extracted, html};
use mail_parser::{Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// The deepest level of sections.
const DEEPEST_LEVEL: usize = 9;

/// Extracts an email.
///
/// # Errors
/// `corrupt` without any header of an email; those of HTML; `too_large` by the limits.
pub(super) fn extract(bytes: &[u8], limits: &ExtractLimits) -> Result<Extracted, ExtractFailure> {
    let message = MessageParser::default()
        .parse(bytes)
        .filter(|message| {
            let named = message.from().is_some() || message.to().is_some();
            named || message.subject().is_some() || message.date().is_some()
        })
        .ok_or_else(|| {
            ExtractFailure::corrupt("it has none of the email headers From, To, Subject and Date")
        })?;
    let mut mail = Mail {
        writer: Writer::new(limits),
        limits,
    };
    mail.write(&message, 1)?;
    let mut extracted = mail.writer.finish()?;
    extracted.title = message
        .subject()
        .map(str::trim)
        .filter(|subject| !subject.is_empty())
        .map(str::to_owned);
    Ok(extracted)
}

struct Mail<'a> {
    writer: Writer<'a>,
    limits: &'a ExtractLimits,
}

impl Mail<'_> {
    fn write(&mut self, message: &Message<'_>, depth: usize) -> Result<(), ExtractFailure> {
        self.headers(message, depth)?;
        for id in &message.text_body {
            match message.part(*id).map(|part| &part.body) {
                Some(PartType::Text(text)) => self.plain(text)?,
                Some(PartType::Html(page)) => self.page(page)?,
                _ => {}
            }
        }
        for id in &message.attachments {
            if let Some(part) = message.part(*id) {
                self.attachment(part, depth)?;
            }
        }
        Ok(())
    }

    fn headers(&mut self, message: &Message<'_>, depth: usize) -> Result<(), ExtractFailure> {
        let level = u8::try_from(depth.min(DEEPEST_LEVEL)).unwrap_or(1);
        if let Some(subject) = message.subject() {
            self.writer.heading(level, subject)?;
        }
        let addressed = [
            ("From", message.from()),
            ("To", message.to()),
            ("Cc", message.cc()),
        ];
        for (label, address) in addressed {
            if let Some(people) = address.map(people).filter(|people| !people.is_empty()) {
                self.line(&format!("{label}: {people}"))?;
            }
        }
        if let Some(subject) = message.subject() {
            self.line(&format!("Subject: {subject}"))?;
        }
        if let Some(date) = message.date() {
            self.line(&format!("Date: {}", date.to_rfc3339()))?;
        }
        self.writer.break_before(Break::Paragraph);
        Ok(())
    }

    fn attachment(&mut self, part: &MessagePart<'_>, depth: usize) -> Result<(), ExtractFailure> {
        let name = part.attachment_name().unwrap_or("without a name");
        let kind = part.content_type().map_or_else(String::new, |kind| {
            let subtype = kind.subtype().unwrap_or("*");
            format!(" ({}/{subtype})", kind.ctype())
        });
        let unread = match &part.body {
            PartType::Message(_) if depth >= self.limits.mail_depth => format!(
                ": not read, it is nested deeper than {} mails",
                self.limits.mail_depth
            ),
            _ => String::new(),
        };
        self.writer.break_before(Break::Paragraph);
        self.line(&format!("Attachment: {name}{kind}{unread}"))?;
        match &part.body {
            PartType::Text(text) => self.plain(text),
            PartType::Html(page) => self.page(page),
            PartType::Message(message) if unread.is_empty() => self.write(message, depth + 1),
            _ => Ok(()),
        }
    }

    fn line(&mut self, text: &str) -> Result<(), ExtractFailure> {
        self.writer.break_before(Break::Line);
        self.writer.text(text)
    }

    /// Plain text keeps its lines.
    fn plain(&mut self, text: &str) -> Result<(), ExtractFailure> {
        let text = text.replace("\r\n", "\n");
        if text.trim().is_empty() {
            return Ok(());
        }
        self.writer.begin_lines()?;
        self.writer.builder().push(text.trim())?;
        self.writer.end_lines();
        Ok(())
    }

    fn page(&mut self, page: &str) -> Result<(), ExtractFailure> {
        let read = html::extract(page, self.limits)?;
        self.plain(&read.text)
    }
}

fn people(address: &Address<'_>) -> String {
    let shown: Vec<String> = address
        .iter()
        .map(|one| match (one.name(), one.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (name, address) => name.or(address).unwrap_or_default().to_owned(),
        })
        .collect();
    shown.join(", ")
}
