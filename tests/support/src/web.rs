//! The learner's web side without a browser: forms are found in the page, filled in and sent, and
//! nothing else is known of the pages. No cookies are kept and no scripts are run.

use std::sync::Once;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use url::Url;

use crate::oauth::Pairs;
use crate::wait::{PATIENCE, poll};

/// A page as it came.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it came from, after redirects.
    pub url: Url,
    /// The status of the answer.
    pub status: u16,
    /// The markup.
    pub html: String,
}

/// A form of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// Where it is sent, as written; empty: to the page's own address.
    pub action: String,
    /// Whether it is posted.
    pub is_post: bool,
    /// Names and values of its fields.
    pub fields: Pairs,
}

/// One learner's frame in the LMS: where they are.
#[derive(Debug)]
pub struct Frame {
    page: Page,
    history: Vec<Page>,
}

impl Frame {
    /// Posts a signed launch, as the LMS's page does.
    pub fn launch(url: &str, params: &Pairs) -> Self {
        let page = send(&Method::POST, &Url::parse(url).unwrap(), Some(params));
        Self { history: vec![page.clone()], page }
    }

    /// The page in sight.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Every page so far.
    pub fn history(&self) -> &[Page] {
        &self.history
    }

    /// Fills in the form that has a field of this name and sends it.
    ///
    /// # Panics
    ///
    /// When the page has no such form.
    pub fn fill_in(&mut self, field: &str, value: &str) -> &Page {
        let forms = self.page.forms();
        let form = forms.into_iter().find(|form| form.has(field));
        let Some(form) = form else {
            panic!("no form with a field {field} on {}:\n{}", self.page.url, self.page.html);
        };
        self.submit(&form.with(field, value))
    }

    /// Sends a form as it is.
    pub fn submit(&mut self, form: &Form) -> &Page {
        let url = self.page.url.join(&form.action).unwrap();
        self.page = if form.is_post {
            send(&Method::POST, &url, Some(&form.fields))
        } else {
            let mut url = url;
            url.set_query(None);
            url.query_pairs_mut().extend_pairs(&form.fields);
            send(&Method::GET, &url, None)
        };
        self.history.push(self.page.clone());
        &self.page
    }

    /// Goes to where a field of this name can be filled in: by the forms without anything to fill
    /// in, and the links, that lead on to `path`.
    pub fn go_to(&mut self, path: &str, field: &str) -> &Page {
        let arrived = poll(PATIENCE, || {
            if self.page.has_field(field) {
                return Some(());
            }
            let forms = self.page.forms();
            let on = forms.iter().find(|form| form.action.contains(path));
            let link = self.page.links().into_iter().find(|link| link.contains(path));
            match (on, link) {
                (Some(form), _) => {
                    self.submit(form);
                }
                (None, Some(link)) => {
                    let url = self.page.url.join(&link).unwrap();
                    self.page = send(&Method::GET, &url, None);
                    self.history.push(self.page.clone());
                }
                (None, None) => {
                    panic!("no way from {} to {path}:\n{}", self.page.url, self.page.html)
                }
            }
            self.page.has_field(field).then_some(())
        });
        assert!(arrived.is_some(), "no field {field} on {}:\n{}", self.page.url, self.page.html);
        &self.page
    }
}

/// Sends a form of a page, to whoever may be gone before it is answered; the status.
pub fn try_to_submit(page: &Page, form: &Form) -> Option<u16> {
    let url = page.url.join(&form.action).unwrap();
    run(async {
        let request =
            client().post(url).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(form_body(&form.fields)).send().await.ok()?;
        let status = answer.status().as_u16();
        answer.text().await.ok().map(|_whole| status)
    })
}

impl Form {
    /// Whether it has a field of this name.
    pub fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, _)| name == field)
    }

    /// The same with a field filled in.
    #[must_use]
    pub fn with(mut self, field: &str, value: &str) -> Self {
        for (_, old) in self.fields.iter_mut().filter(|(name, _)| name == field) {
            value.clone_into(old);
        }
        self
    }
}

impl Page {
    /// Whether a form has a field of this name.
    pub fn has_field(&self, field: &str) -> bool {
        self.forms().iter().any(|form| form.has(field))
    }

    /// The forms of the page, in their order.
    pub fn forms(&self) -> Vec<Form> {
        let body = &self.html;
        let mut forms = Vec::new();
        for part in body.split("<form").skip(1) {
            let part = part.split("</form>").next().unwrap_or_default();
            let (head, inner) = part.split_once('>').unwrap_or((part, ""));
            let mut fields = Pairs::new();
            for tag in inner.split("<input").skip(1).chain(inner.split("<button").skip(1)) {
                let tag = tag.split('>').next().unwrap_or_default();
                if let Some(name) = attribute(tag, "name") {
                    fields.push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
            forms.push(Form {
                action: attribute(head, "action").unwrap_or_default(),
                is_post: attribute(head, "method")
                    .is_some_and(|it| it.eq_ignore_ascii_case("post")),
                fields,
            });
        }
        forms
    }

    /// Where the links of the page lead.
    pub fn links(&self) -> Vec<String> {
        let tags = self.html.split("<a ").skip(1);
        tags.filter_map(|tag| attribute(tag.split('>').next()?, "href")).collect()
    }

    /// What a learner reads: the text of the body, white space made single spaces.
    pub fn text(&self) -> String {
        self.lines().join(" ")
    }

    /// The text of the body, a line for each paragraph, heading, item, and so on.
    pub fn lines(&self) -> Vec<String> {
        lines_of(self.html.split_once("<body").map_or(self.html.as_str(), |(_, body)| body))
    }

    /// The lines from the main heading to the end of the main part, without what is folded up, hidden
    /// or a choice.
    pub fn main_lines(&self) -> Vec<String> {
        let main = self.html.split_once("<h1").map_or(self.html.as_str(), |(_, main)| main);
        lines_of(&in_sight(main.split("</main>").next().unwrap_or_default()))
    }
}

/// Markup without the elements that a browser does not show until somebody acts.
fn in_sight(markup: &str) -> String {
    let mut shown = String::new();
    // The name of the element that is out of sight, and how many of that name are open.
    let mut out_of_sight: Option<(&str, usize)> = None;
    for piece in markup.split_inclusive('<') {
        let Some((tag, words)) = piece.split_once('>') else {
            shown.push_str(piece);
            continue;
        };
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        let (is_end, is_void) =
            (tag.starts_with('/'), ["br", "hr", "img", "input"].contains(&name));
        out_of_sight = match out_of_sight {
            Some((hidden, depth)) if hidden == name && is_end => {
                (depth > 1).then_some((hidden, depth - 1))
            }
            Some((hidden, depth)) if hidden == name => Some((hidden, depth + 1)),
            Some(hidden) => Some(hidden),
            None if !is_end && !is_void && is_hidden(name, tag) => Some((name, 1)),
            None => None,
        };
        if out_of_sight.is_none() {
            shown.push_str(tag);
            shown.push('>');
            shown.push_str(words);
        } else {
            // What ends the element begins with this.
            shown.push_str("br><");
        }
    }
    shown
}

/// Whether a browser shows nothing of the inside of an element when the page comes.
fn is_hidden(name: &str, tag: &str) -> bool {
    // Values may hold the word; attributes without a value stand between them.
    let is_marked = tag
        .split('"')
        .step_by(2)
        .any(|plain| plain.split_whitespace().any(|word| word == "hidden"));
    is_marked
        || ["select", "script", "style"].contains(&name)
        || (name == "details" && !tag.contains(" open"))
}

/// The text of markup, a line for each element that is not a part of a line.
fn lines_of(body: &str) -> Vec<String> {
    let mut text = String::new();
    for piece in body.split('<') {
        let (tag, words) = piece.split_once('>').unwrap_or((piece, ""));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if !INLINE.contains(&name) {
            text.push('\n');
        }
        text.push_str(&words.replace('\n', " "));
    }
    let line = |line: &str| unescape(&line.split_whitespace().collect::<Vec<_>>().join(" "));
    text.lines().map(line).filter(|line| !line.is_empty()).collect()
}

/// Elements that are a part of their line.
const INLINE: [&str; 9] = ["a", "b", "bdi", "code", "em", "small", "span", "strong", "time"];

/// The value of an attribute in the inside of a tag, double-quoted as maud writes it.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mark = format!(" {name}=\"");
    let tag = format!(" {}", tag.trim_start());
    let (_, rest) = tag.split_once(&mark)?;
    Some(unescape(rest.split('"').next()?))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// Encodes a form's fields as a browser does.
pub fn form_body(fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The status of a `GET`; `None` when there is no answer.
pub fn status_of(url: &str) -> Option<u16> {
    run(async {
        let answer = client().get(url).timeout(Duration::from_secs(2)).send().await.ok()?;
        Some(answer.status().as_u16())
    })
}

/// Gets a page.
pub fn get(url: &str) -> Page {
    send(&Method::GET, &Url::parse(url).unwrap(), None)
}

/// Gets a page in the first of these languages that there is.
pub fn get_in(url: &str, languages: &str) -> Page {
    request(|client| client.get(url).header("accept-language", languages))
}

/// Posts a body with these headers.
pub fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Page {
    let url = Url::parse(url).unwrap();
    request(|client| {
        let request = client.post(url).body(body.to_owned());
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    })
}

fn send(method: &Method, url: &Url, fields: Option<&Pairs>) -> Page {
    request(|client| {
        let request = client.request(method.clone(), url.clone());
        match fields {
            Some(fields) => request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form_body(fields)),
            None => request,
        }
    })
}

fn request(build: impl FnOnce(&Client) -> RequestBuilder) -> Page {
    run(async {
        let answer = build(&client()).send().await.expect("the page is served");
        Page {
            url: answer.url().clone(),
            status: answer.status().as_u16(),
            html: answer.text().await.expect("the page is text"),
        }
    })
}

/// Names the cryptography of TLS, which clients of HTTP want to know even if they need none.
pub(crate) fn bring_cryptography() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

fn client() -> Client {
    bring_cryptography();
    Client::builder()
        .redirect(Policy::limited(5))
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .expect("a client of HTTP")
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_links_and_text_are_found() {
        let page = Page {
            url: Url::parse("http://127.0.0.1/").unwrap(),
            status: 200,
            html: r#"<html><head><title>T</title></head><body><p>Say &amp; <b>do</b>.</p>
                <form action="/enter_jid" method="post"><input type="hidden" name="token" value="a&quot;b">
                <input name="jid" id="jid"><button type="submit">Go</button></form>
                <a class="x" href="/next?a=1&amp;b=2">on</a></body></html>"#
                .to_owned(),
        };

        let forms = page.forms();

        assert_eq!(forms.len(), 1);
        assert_eq!(forms[0].action, "/enter_jid");
        assert!(forms[0].is_post);
        let fields = [("token", "a\"b"), ("jid", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(forms[0].fields, fields);
        assert_eq!(page.links(), ["/next?a=1&b=2"]);
        assert_eq!(page.text(), "Say & do. Go on");
    }

    #[test]
    fn what_a_page_hides_is_not_in_its_main_lines() {
        let page = Page {
            url: Url::parse("http://127.0.0.1/").unwrap(),
            status: 200,
            html: r#"<body><main><h1 id="hidden x">Seen</h1><p class="a" hidden>Not <b>this</b>.</p>
                <p title="a hidden word">By <time datetime="now"><bdi>10:00</bdi></time>.</p>
                <details><summary>What?</summary><details>A</details>B</details>
                <input type="hidden" name="token" value="t"><button hidden type="button">Show</button>
                <select><option>C</option></select><p>End</p></main><footer>Foot</footer></body>"#
                .to_owned(),
        };

        assert_eq!(page.main_lines(), ["Seen", "By 10:00.", "End"]);
    }
}
