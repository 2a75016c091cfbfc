//! The paths that a file of Rust names, resolved to where they lead, however they are spelled: in
//! trees of `use`, by another name, by `self` and `super`, through a glob, inline, inside of macros
//! and of attributes. Code for unit tests is left out.
//!
//! It sees one file at a time: what another file calls by another name is a matter of that file,
//! which must not hand on what belongs to others ([`HANDED_ON`]).

use std::collections::HashMap;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::{
    Attribute, ExprMethodCall, ExprPath, ImplItem, Item, ItemExternCrate, ItemMod, ItemType,
    ItemUse, Macro, Meta, Path, Stmt, Type, UseTree, Visibility,
    punctuated::Punctuated,
    spanned::Spanned as _,
    visit::{self, Visit},
};

/// Most names that a name may stand for one after the other.
const MOST_ALIASES: usize = 8;

/// A path that a file names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Counted from 1.
    pub(super) line: usize,
    /// From `crate`, or from the name of another crate. The last may be [`GLOB`].
    pub(super) path: Vec<String>,
}

/// What ends the path of a glob.
pub(super) const GLOB: &str = "*";

/// What begins the path of a file that is taken in by its name.
pub(super) const FILE: &str = "a file by its path";

/// What begins the path of something that a file makes its own for others: `pub use`, `pub type`.
pub(super) const HANDED_ON: &str = "handed on";

/// What begins the path of a method that is called on a value.
pub(super) const METHOD: &str = "method";

/// The paths of a file whose module is `module`: `["http", "pages"]`; the root has none.
pub(super) fn paths(module: &[&str], text: &str) -> syn::Result<Vec<Named>> {
    let file = syn::parse_file(text)?;
    let module: Vec<String> = module.iter().map(|&name| name.to_owned()).collect();
    let mut aliases = Walk { module: module.clone(), ..Walk::default() };
    aliases.visit_file(&file);
    let mut walk = Walk { module, aliases: aliases.found_aliases, ..Walk::default() };
    walk.visit_file(&file);
    Ok(walk.found)
}

/// One walk through a file.
#[derive(Default)]
struct Walk {
    /// Where the walk is.
    module: Vec<String>,
    /// What names of the file stand for. One name may stand for several things in several places.
    aliases: HashMap<String, Vec<Vec<String>>>,
    found_aliases: HashMap<String, Vec<Vec<String>>>,
    found: Vec<Named>,
}

impl Walk {
    fn found(&mut self, line: usize, path: &[String]) {
        for path in self.resolve(path, MOST_ALIASES) {
            self.found.push(Named { line, path });
        }
    }

    /// Says of what was found since that others get it from here.
    fn hand_on(&mut self, since: usize) {
        let handed = self.found.iter().skip(since).map(|named| Named {
            line: named.line,
            path: [&[HANDED_ON.to_owned()][..], &named.path].concat(),
        });
        let handed: Vec<_> = handed.collect();
        self.found.extend(handed);
    }

    fn alias(&mut self, name: &str, path: Vec<String>) {
        self.found_aliases.entry(name.to_owned()).or_default().push(path);
    }

    /// What a path leads to. A path whose beginning has several meanings leads to several things.
    fn resolve(&self, path: &[String], aliases: usize) -> Vec<Vec<String>> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let from = |mut start: Vec<String>| {
            start.extend_from_slice(rest);
            start
        };
        match first.as_str() {
            "crate" | "otrbot" => vec![from(vec!["crate".to_owned()])],
            "self" | "super" => {
                let mut start = [&["crate".to_owned()][..], &self.module].concat();
                let mut rest = path;
                while let [step, after @ ..] = rest
                    && ["self", "super"].contains(&step.as_str())
                {
                    if step == "super" {
                        start.pop();
                    }
                    rest = after;
                }
                start.extend_from_slice(rest);
                vec![start]
            }
            // `::name` is a crate, whatever else has that name here.
            "" => vec![rest.to_vec()],
            name => match self.aliases.get(name) {
                Some(targets) if aliases > 0 => targets
                    .iter()
                    .flat_map(|target| {
                        // `use log;` stands for itself.
                        if target.as_slice() == [name.to_owned()] {
                            return vec![path.to_vec()];
                        }
                        self.resolve(&from(target.clone()), aliases - 1)
                    })
                    .collect(),
                _ => vec![path.to_vec()],
            },
        }
    }

    fn use_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [before, &[plain(name)]].concat();
        match tree {
            UseTree::Path(path) => self.use_tree(&with(&path.ident), &path.tree),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.use_tree(before, tree));
            }
            UseTree::Glob(glob) => {
                let path = [before, &[GLOB.to_owned()]].concat();
                self.found(glob.span().start().line, &path);
            }
            UseTree::Name(name) => self.imported(&with(&name.ident), None, &name.ident),
            UseTree::Rename(name) => {
                self.imported(&with(&name.ident), Some(&name.rename), &name.ident);
            }
        }
    }

    fn imported(&mut self, path: &[String], rename: Option<&syn::Ident>, ident: &syn::Ident) {
        // `use a::b::{self}` is `use a::b`.
        let path = match path {
            [start @ .., last] if last == "self" && !start.is_empty() => start,
            path => path,
        };
        let name = rename.map(plain).or_else(|| path.last().cloned());
        if let Some(name) = name {
            // Relative to the module it is in, and not to the one that it is used in.
            let at = match path.first().map(String::as_str) {
                Some("self" | "super") => self.resolve(path, 0).into_iter().next(),
                _ => None,
            };
            self.alias(&name, at.unwrap_or_else(|| path.to_vec()));
        }
        self.found(ident.span().start().line, path);
    }

    /// Paths among the tokens of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let at = |ix: Option<usize>| ix.and_then(|ix| tokens.get(ix));
        let mut ix = 0_usize;
        while let Some(token) = tokens.get(ix) {
            let is_dot = |back| is_punct(at(ix.checked_sub(back)), '.');
            // `x.field`, but not `..path`
            let is_field = is_dot(1) && !is_dot(2);
            match token {
                TokenTree::Ident(ident) if !is_field => {
                    let line = ident.span().start().line;
                    let is_global = ix.checked_sub(2).is_some_and(|ix| is_colons(&tokens, ix));
                    let mut path = vec![plain(ident)];
                    if is_global {
                        path.insert(0, String::new());
                    }
                    ix = self.path_of_tokens(path, line, &tokens, ix + 1);
                    continue;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            ix += 1;
        }
    }

    /// Paths in the strings of an attribute: `#[serde(with = "a::b")]`.
    fn strings(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.strings(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                    let inside = text.ok().and_then(|text| text.parse::<TokenStream>().ok());
                    let n = self.found.len();
                    self.tokens(inside.unwrap_or_default());
                    // Places within a string count from its own first line.
                    for named in self.found.iter_mut().skip(n) {
                        named.line = literal.span().start().line;
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    /// Reads on after the beginning of a path; gives where it ends.
    fn path_of_tokens(
        &mut self,
        mut path: Vec<String>,
        line: usize,
        tokens: &[TokenTree],
        mut ix: usize,
    ) -> usize {
        while is_colons(tokens, ix) {
            match tokens.get(ix + 2) {
                Some(TokenTree::Ident(ident)) => path.push(plain(ident)),
                // All, or whatever a macro puts there.
                Some(TokenTree::Punct(any)) if ['*', '$'].contains(&any.as_char()) => {
                    path.push(GLOB.to_owned());
                }
                // A tree of `use` in a macro.
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.branches(&path, line, group.stream());
                    return ix + 3;
                }
                _ => break,
            }
            ix += 3;
        }
        // `<a::B>::c`
        if is_punct(tokens.get(ix), '>')
            && is_colons(tokens, ix + 1)
            && let Some(TokenTree::Ident(ident)) = tokens.get(ix + 3)
        {
            self.found(line, &[&path[..], &[plain(ident)]].concat());
        }
        if path.len() > 1 {
            self.found(line, &path);
        }
        ix
    }

    fn branches(&mut self, before: &[String], line: usize, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for branch in tokens.split(|token| is_punct(Some(token), ',')) {
            match branch.first() {
                Some(TokenTree::Ident(ident)) => {
                    let path = [before, &[plain(ident)]].concat();
                    self.path_of_tokens(path, line, branch, 1);
                }
                Some(TokenTree::Punct(_)) => {
                    self.found(line, &[before, &[GLOB.to_owned()]].concat());
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let is_test = matches!(item, ImplItem::Fn(function) if is_for_tests(&function.attrs));
        if !is_test {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let is_test = matches!(statement, Stmt::Local(local) if is_for_tests(&local.attrs));
        if !is_test {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = plain(&item.ident);
        if item.content.is_none() && (name == "tests" || name.ends_with("_tests")) {
            // Such files are not looked at.
            let what = "a file for tests in the program".to_owned();
            self.found
                .push(Named { line: item.span().start().line, path: vec![FILE.to_owned(), what] });
        }
        let path = [&["crate".to_owned()][..], &self.module, std::slice::from_ref(&name)].concat();
        self.alias(&name, path);
        self.module.push(name);
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let global = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        let n = self.found.len();
        self.use_tree(&global, &item.tree);
        if !matches!(item.vis, Visibility::Inherited) {
            self.hand_on(n);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let line = call.method.span().start().line;
        self.found.push(Named { line, path: vec![METHOD.to_owned(), plain(&call.method)] });
        visit::visit_expr_method_call(self, call);
    }

    // Tokens of macros and attributes, and what syn itself does not read.
    fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
        self.tokens(tokens.clone());
    }

    fn visit_item_extern_crate(&mut self, item: &'ast ItemExternCrate) {
        let line = item.ident.span().start().line;
        let name = match plain(&item.ident) {
            name if name == "self" => "crate".to_owned(),
            name => name,
        };
        // Its macros, or the crate itself, are then named everywhere without a path.
        let is_hidden = item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_use"));
        if is_hidden || name == "crate" {
            self.found.push(Named { line, path: vec![HANDED_ON.to_owned(), name.clone()] });
        }
        if let Some((_, rename)) = &item.rename {
            self.alias(&rename.to_string(), vec![name.clone()]);
        }
        self.found(line, &[name]);
    }

    fn visit_item_type(&mut self, item: &'ast ItemType) {
        if let Type::Path(target) = &*item.ty {
            self.alias(&plain(&item.ident), names(&target.path));
        }
        let n = self.found.len();
        visit::visit_item_type(self, item);
        if !matches!(item.vis, Visibility::Inherited) {
            self.hand_on(n);
        }
    }

    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        // `<Instant>::now`
        if let Some(qself) = &path.qself
            && qself.position == 0
            && let Type::Path(start) = &*qself.ty
        {
            let rest = names(&path.path).into_iter().filter(|name| !name.is_empty());
            let whole: Vec<_> = names(&start.path).into_iter().chain(rest).collect();
            self.found(path.span().start().line, &whole);
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.segments.len() > 1 {
            self.found(path.span().start().line, &names(path));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let tokens = call.tokens.to_string();
        let is_include = call.path.segments.last().is_some_and(|last| last.ident == "include");
        if is_include && (!tokens.contains("OUT_DIR") || tokens.contains("..")) {
            let line = call.path.span().start().line;
            self.found.push(Named { line, path: vec![FILE.to_owned()] });
        }
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let line = attribute.span().start().line;
        match &attribute.meta {
            Meta::List(list) => {
                let tokens = list.tokens.to_string();
                if list.path.is_ident("cfg_attr") && tokens.contains("path =") {
                    self.found.push(Named { line, path: vec![FILE.to_owned()] });
                }
                self.strings(list.tokens.clone());
            }
            Meta::NameValue(pair) if pair.path.is_ident("path") => {
                self.found.push(Named { line, path: vec![FILE.to_owned()] });
            }
            Meta::NameValue(_) | Meta::Path(_) => {}
        }
        visit::visit_attribute(self, attribute);
    }

    // The path of `pub(in path)` is one of the module itself.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

fn names(path: &Path) -> Vec<String> {
    let global = path.leading_colon.iter().map(|_| String::new());
    global.chain(path.segments.iter().map(|segment| plain(&segment.ident))).collect()
}

/// A name, without the mark of a raw one.
fn plain(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_colons(tokens: &[TokenTree], ix: usize) -> bool {
    let first = tokens.get(ix);
    matches!(first, Some(TokenTree::Punct(p)) if p.as_char() == ':' && p.spacing() == Spacing::Joint)
        && is_punct(tokens.get(ix + 1), ':')
}

/// Whether what has these attributes is compiled for unit tests alone.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
        }
        Meta::List(_) | Meta::NameValue(_) | Meta::Path(_) => false,
    })
}

/// Whether a condition of `cfg` can hold for unit tests alone.
fn needs_test(condition: &Meta) -> bool {
    let parts = |list: &syn::MetaList| {
        let parsed = list.parse_args_with(Punctuated::<Meta, syn::Token![,]>::parse_terminated);
        parsed.map(|parts| parts.into_iter().collect::<Vec<_>>()).unwrap_or_default()
    };
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => parts(list).iter().any(needs_test),
        Meta::List(list) if list.path.is_ident("any") => {
            let parts = parts(list);
            !parts.is_empty() && parts.iter().all(needs_test)
        }
        Meta::List(_) | Meta::NameValue(_) => false,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of the others none is for tests alone")]
fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
