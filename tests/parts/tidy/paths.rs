//! The paths that a file of Rust names, resolved to where they lead, however they are spelled: in
//! trees of `use`, by another name, by `self` and `super`, through a glob, inline, inside of macros
//! and of attributes. Code for unit tests is left out.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::{
    Attribute, ExprPath, ImplItem, Item, ItemExternCrate, ItemMod, ItemType, ItemUse, Macro, Meta,
    Path, Stmt, Type, UseTree,
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
pub(super) const FILE: &str = "file";

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
        let here = || [&["crate".to_owned()][..], &self.module].concat();
        match first.as_str() {
            "crate" | "otrbot" => vec![from(vec!["crate".to_owned()])],
            "self" => vec![from(here())],
            "super" => {
                let mut path = from(vec![]);
                let mut start = here();
                start.pop();
                while path.first().is_some_and(|name| name == "super") {
                    path.remove(0);
                    start.pop();
                }
                start.extend(path);
                vec![start]
            }
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
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
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
        let name = rename.map(ToString::to_string).or_else(|| path.last().cloned());
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

    /// Paths among the tokens of a macro or an attribute.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut ix = 0;
        while let Some(token) = tokens.get(ix) {
            let is_field = ix > 0 && is_punct(tokens.get(ix - 1), '.');
            match token {
                TokenTree::Ident(ident) if !is_field => {
                    let line = ident.span().start().line;
                    ix = self.path_of_tokens(vec![ident.to_string()], line, &tokens, ix + 1);
                    continue;
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    // `#[serde(with = "a::b")]`
                    let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                    if let Ok(path) = text.and_then(|text| text.parse::<Path>())
                        && path.segments.len() > 1
                    {
                        self.found(literal.span().start().line, &names(&path));
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
            ix += 1;
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
                Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
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
                    let path = [before, &[ident.to_string()]].concat();
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
        let name = item.ident.to_string();
        let path = [&["crate".to_owned()][..], &self.module, std::slice::from_ref(&name)].concat();
        self.alias(&name, path);
        self.module.push(name);
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.use_tree(&[], &item.tree);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast ItemExternCrate) {
        let name = match item.ident.to_string() {
            name if name == "self" => "crate".to_owned(),
            name => name,
        };
        if let Some((_, rename)) = &item.rename {
            self.alias(&rename.to_string(), vec![name.clone()]);
        }
        self.found(item.ident.span().start().line, &[name]);
    }

    fn visit_item_type(&mut self, item: &'ast ItemType) {
        if let Type::Path(target) = &*item.ty {
            self.alias(&item.ident.to_string(), names(&target.path));
        }
        visit::visit_item_type(self, item);
    }

    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        // `<Instant>::now`
        if let Some(qself) = &path.qself
            && qself.position == 0
            && let Type::Path(start) = &*qself.ty
        {
            let whole = [names(&start.path), names(&path.path)].concat();
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
        if call.path.is_ident("include") && !tokens.contains("OUT_DIR") {
            let line = call.path.span().start().line;
            self.found.push(Named { line, path: vec![FILE.to_owned(), tokens] });
        }
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let line = attribute.span().start().line;
        match &attribute.meta {
            Meta::List(list) => self.tokens(list.tokens.clone()),
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
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
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
            let tokens = list.tokens.to_string();
            let mut words = tokens.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.clone().any(|word| word == "test") && !words.any(|word| word == "not")
        }
        Meta::List(_) | Meta::NameValue(_) | Meta::Path(_) => false,
    })
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
