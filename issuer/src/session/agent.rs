//! The client's name in a `User-Agent`. Browsers add the names of others (RFC 9110 §10.1.5). A browser's own name is
//! the one that the others do not have, so that the order of the lists matters.

use std::borrow::Cow;

/// The mark before each browser's version, and its name. A browser comes before those that it imitates.
const BROWSERS: [(&str, &str); 15] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Headless Chrome"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

/// The mark and name of each system. A system comes before those that it imitates. An iPad in desktop mode reports a
/// Mac.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac", "macOS"),
    ("Linux", "Linux"),
];

/// The client's own name and system; `None` if the text has no name.
pub(super) fn client(agent: &str) -> Option<String> {
    let name = if agent.starts_with("Mozilla/") { browser(agent) } else { program(agent)? };
    let system = SYSTEMS.iter().find(|(mark, _)| agent.contains(mark));
    Some(system.map_or_else(|| name.to_string(), |(_, system)| format!("{name} on {system}")))
}

fn browser(agent: &str) -> Cow<'_, str> {
    let own = BROWSERS.iter().find_map(|(mark, name)| Some((name, agent.split_once(mark)?.1)));
    match own {
        // The old Android browser has a `Version/` too.
        Some((&"Safari", _)) if !agent.contains("Safari/") || agent.contains("Android") => "a browser".into(),
        Some((name, rest)) => match version(rest) {
            Some(version) => format!("{name} {version}").into(),
            None => (*name).into(),
        },
        None => "a browser".into(),
    }
}

/// A program that is not a browser begins with its name: `curl/8.5.0`.
fn program(agent: &str) -> Option<Cow<'_, str>> {
    let product = agent.split([' ', '(']).next().filter(|product| !product.is_empty())?;
    let Some((name, rest)) = product.split_once('/').filter(|(name, _)| !name.is_empty()) else {
        // A single word is a name. A sentence is not.
        return (product == agent).then(|| product.into());
    };
    Some(version(rest).map_or_else(|| name.into(), |version| format!("{name} {version}").into()))
}

/// The first number of a version. A number at the end of a label may be truncated, and is ignored.
fn version(text: &str) -> Option<&str> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    Some(&text[..digits]).filter(|digits| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_its_own_name_and_not_one_that_it_imitates() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox 145 on Linux"),
            ("Mozilla/5.0 (Android 14; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "Firefox 145 on Android"),
            (
                &format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0.0.0 Safari/537.36"),
                "Chrome 142 on Windows",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
                ),
                "Edge 142 on Windows",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {webkit} Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0"
                ),
                "Opera 124 on macOS",
            ),
            (
                &format!(
                    "Mozilla/5.0 (Linux; Android 10; K) {webkit} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"
                ),
                "Samsung Internet 28 on Android",
            ),
            (
                &format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {webkit} Chrome/142.0.0.0 Safari/537.36"),
                "Chrome 142 on ChromeOS",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari 26 on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari 26 on iOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1",
                "Chrome 142 on iOS",
            ),
            ("curl/8.5.0", "curl 8"),
            ("okhttp/4.12.0", "okhttp 4"),
            ("MyApp/7.1 (iPad; iOS 18.6)", "MyApp 7 on iPadOS"),
            ("node", "node"),
        ] {
            assert_eq!(client(agent).as_deref(), Some(name), "{agent}");
        }
    }

    #[test]
    fn a_truncated_or_empty_agent_is_not_guessed() {
        // Earlier builds kept 64 bytes of a user agent.
        let cut = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KH";
        assert_eq!(client(cut).as_deref(), Some("a browser on Windows"));
        assert_eq!(client("Mozilla/5.0 (X11; Linux x86_64) Firefox/14").as_deref(), Some("Firefox on Linux"));
        assert_eq!(client("Mozilla/5.0").as_deref(), Some("a browser"));
        assert_eq!(["", " x", "(x)", "my phone", "/5 x"].map(client), [const { None }; 5]);
    }
}
