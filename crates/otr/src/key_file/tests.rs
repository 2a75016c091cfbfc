//! What is read, what is refused and where, and what is written.

use num_bigint::BigUint;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;
use crate::key_file::write::digits;
use crypto_bigint::BoxedUint;
use crypto_primes::{Flavor, is_prime};

/// A file that libotr 4.1.1 wrote.
const FROM_LIBOTR: &str = "(privkeys
 (account
(name #7765226972640A0120C3A0#)
(protocol \"a b\")
(private-key \n (dsa \n  (p #008645E86C00352ECD3A437DF6C7F5B16D9CEFB638CE4389B5ECA749A334112CB41BB74A801DBB64EF8E56ED54A5AFB8CFE9E202D5AAEBC574DC98B7844B5BBD18C9667EABA3CE0197A8AE26706B88992D4C7ADD311A03E1528F9AC6615A583D99E8DC57136C874E91CCCD8AF7AB9EED066FF2C08BD1239C758DA8E504F3C98B87#)
  (q #00AAD9D5B7A040241162FF6AF309A738F1ED34C21F#)
  (g #00807211F5BF5D68AEFF2BA53A179B2F8617099B1CA83470F156115D895C71FE7EEBB4552B54A49C8F0CDA88E547F70B4B9BF7AB81A9CBE695E791A178E811EF553BD8E62C91ABA2BD76AE5A0881D0456F76A2E9CF54C7245C3472A5728328D5651208E8AC8AEF908A4CC9F7B30B205DE844493F2B9D32921F73AC185D8F05F405#)
  (y #71CF8321D6B0CF740C07282D440A22C4AA58861A83D0FEE0828B8C07A50DA137510F5694693F90AB2AB93540F3DB81CB64A259D3D4E666CD9B24BC4B96374A5858F8F8985223F3035585796562EB4FDB5B2A6311F12E3FA04AE3FB03C6C0C136F92D34C6BEF4A0DE22BC9585C03FD3E9E2FC2F912868325A39BD4AC63AFDB982#)
  (x #202A3A2A5A42287FD03F26E0821A4E0A8AE42BBA#)
  )
 )
 )
 (account
(name \"totem@localhost\")
(protocol prpl-jabber)
(private-key \n (dsa \n  (p #00DA7511C32BDE4AC82122605DF774A139BA16E58B762F67CBAC6DEAAC7F6A589F18775938BEF09E9B5704F18CF57FEDDC81802BDA3661D9299BD343618C90A13A2877425828F837C9F5961E1391835CF617600527E5B90644C59FEF133FC08F35D44A5186DA35212D1EDF8F4F4053CDDD1B3677FEA957CB7F3F589AB1E416EFB3#)
  (q #00E81CFF2AD193A5ADCF03FBB3F58F31D0D9FEBDDF#)
  (g #699B69C5BEA31A0A404DE7636BDCE9CEEAA4DCEB06063ACEC44EF96C066BF1085C3C15C35FA71A142779CAE2D62478DBC7BBADAD7A387558010FE0A8C0E7D7AD0CDFE5F13BA8DAE24D0E0598F7196205E73B8947C5AF8C42C5E8CCFFFC446CA4AAD44410795F72A4085426505DDB56DD964F9B87918B9C166EC7519DEC08C9B4#)
  (y #00CE9BB6E499E12B01A60677091E0487CC8622890798A0B2B7CFC3ACF862C4BC15690EFB43918F370C10EE0FF3C1278AA79C522702CB214E7EE4F78CEA48B1C3D0B306E4B84298557867A8E76CDBAE243831525FBF44F849FA32CC289BD23DF6CECE9C82CCEE1C969D5110D3B5A55B3BE635073EAC2744021D38A57F14D433A573#)
  (x #0E9CECBD2F018E981397499C4FF09166E9BF6120#)
  )
 )
 )
)
";

#[test]
fn a_file_of_libotr_is_read_and_written_byte_for_byte() {
    let file = KeyFile::parse(FROM_LIBOTR.as_bytes()).unwrap();

    let names: Vec<_> = file.accounts().iter().map(|a| (a.name(), a.protocol())).collect();
    assert_eq!(names, [("we\"ird\n\u{1} \u{e0}", "a b"), ("totem@localhost", "prpl-jabber")]);
    assert_eq!(*file.to_text(), FROM_LIBOTR);
}

fn fresh(seed: u64) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(&mut ChaCha20Rng::seed_from_u64(seed)))
}

fn account(name: &str, protocol: &str, seed: u64) -> Account {
    Account::new(name, protocol, fresh(seed)).unwrap()
}

fn file_of(accounts: impl IntoIterator<Item = Account>) -> KeyFile {
    let mut file = KeyFile::new();
    for account in accounts {
        file.set(account).unwrap();
    }
    file
}

/// One account, with these texts in place of the name and of x.
fn with_values(name: &str, secret: &str) -> String {
    let file = file_of([account("ada", "prpl-jabber", 1)]).to_text().to_string();
    let (before, rest) = file.split_once("(x ").unwrap();
    let (_, after) = rest.split_once(')').unwrap();
    format!("{before}(x {secret}){after}").replace("name ada", &format!("name {name}"))
}

/// The x of the key of [`with_values`].
fn secret() -> Zeroizing<Vec<u8>> {
    fresh(1).secret_bytes()
}

#[track_caller]
fn check(text: &str, line: usize, column: usize, expected: &str) {
    let error = KeyFile::parse(text.as_bytes()).unwrap_err();

    assert_eq!(error.to_string(), format!("line {line}, column {column}: {expected}"));
}

/// Checks that the text is a file of which just this is left out.
#[track_caller]
fn check_left_out(text: &str, line: usize, column: usize, expected: &str) {
    let file = KeyFile::parse(text.as_bytes()).unwrap();

    let why: Vec<_> = file.left_out().iter().map(|part| part.why().to_string()).collect();
    assert_eq!(why, [format!("line {line}, column {column}: {expected}")]);
}

#[test]
fn names_are_read_in_every_form() {
    let secret = format!("#{}#", hex(&secret()));
    for name in [
        "ada",
        "\"ada\"",
        "\"\\141\\x64\\\na\"",
        "\"a\\\r\nda\"",
        "#616461#",
        "#61 6\n4\t61 #",
        "3:ada",
        "3#616461#",
        "99\"ada\"",
        "|YWRh|",
        "|YWRh=|",
        "|YWRhY|",
        "#61646100ff#",
        "[ada]",
        "[ ada ] more",
        "ada (b c) d",
        "ada\"b\"",
        "\"\\541da\"",
    ] {
        let file = KeyFile::parse(with_values(name, &secret).as_bytes());
        assert!(
            file.as_ref().is_ok_and(|file| file.find("ada", "prpl-jabber").is_some()),
            "{name}: {file:?}"
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    digits(bytes, &mut text);
    text.to_lowercase()
}

#[test]
fn a_secret_is_read_in_other_forms_and_with_leading_zeros() {
    let secret = secret();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &*secret);
    let escaped = secret.iter().fold(String::new(), |text, byte| text + &format!("\\x{byte:02x}"));
    for written in [
        format!("#0000{}#", hex(&secret)),
        format!("|{base64}|"),
        format!("|{}|", base64.trim_end_matches('=')),
        format!("\"{escaped}\""),
    ] {
        let file = KeyFile::parse(with_values("ada", &written).as_bytes()).unwrap();
        assert_eq!(file.accounts()[0].key().public_key(), fresh(1).public_key());
    }
}

#[test]
fn a_secret_that_happens_to_be_a_text_is_read() {
    // So libgcrypt writes an x without control characters whose first byte is below 0x80.
    let secret = b"it's \"\xe9\xff\xb5\", isn't it";
    let quoted = b"it\\'s \\\"\xe9\xff\xb5\\\", isn\\'t it";
    let [prime, order, generator, _] = fresh(1).public_key().numbers();
    let [p, g, x] = [&*prime, &*generator, secret].map(BigUint::from_bytes_be);
    let public = g.modpow(&x, &p).to_bytes_be();
    let key = SigningKey::from_parts(&prime, &order, &generator, &public, secret).unwrap();
    let text = file_of([Account::new("a", "b", Arc::new(key)).unwrap()]).to_text().to_string();
    let (before, _) = text.split_once("(x ").unwrap();

    let text = [before.as_bytes(), b"(x \"", quoted, b"\"))))\n)"].concat();
    let file = KeyFile::parse(&text).unwrap();

    let read = file.accounts()[0].key().secret_bytes();
    assert!(read.ends_with(secret));
}

#[test]
fn the_order_of_lists_and_unknown_lists_do_not_matter() {
    let text = file_of([account("ada", "prpl-jabber", 1)]).to_text().to_string();
    let text = text
        .replace("(name ada)\n", "(since (\"2020\" ()) yes)")
        .replace("(protocol", "(name ada)(protocol");

    assert!(KeyFile::parse(text.as_bytes()).unwrap().find("ada", "prpl-jabber").is_some());
}

#[test]
fn a_file_without_accounts_is_read_and_written() {
    assert_eq!(*KeyFile::new().to_text(), "(privkeys\n)\n");
    assert_eq!(KeyFile::parse(b" (privkeys)\r\n").unwrap().accounts().len(), 0);
}

#[test]
fn what_is_no_s_expression_is_refused_with_its_place() {
    let end = "the end of the file";
    check("", 1, 1, &format!("expected an opening parenthesis, found {end}"));
    check("privkeys", 1, 1, "expected an opening parenthesis, found another character");
    check(
        "(privkeys\n (account",
        2,
        10,
        &format!("expected a value or a parenthesis, found {end}"),
    );
    check(
        "(privkeys)\n)",
        2,
        1,
        "expected nothing after the last parenthesis, found a closing parenthesis",
    );
    check("(a #6g#)", 1, 6, "expected a second hexadecimal digit, found another character");
    check("(a #616#)", 1, 8, "expected a second hexadecimal digit, found another character");
    check("(a #61)", 1, 7, "expected a hexadecimal digit or #, found a closing parenthesis");
    check("(a \"b", 1, 6, &format!("expected a quotation mark, found {end}"));
    check("(a \"\\q\")", 1, 6, "expected an escape such as \\n, found another character");
    check("(a \"\\877\")", 1, 6, "expected an escape such as \\n, found another character");
    check("(a \"\\08\")", 1, 7, "expected an octal digit, found another character");
    check("(a \"\\x4\")", 1, 8, "expected a hexadecimal digit, found another character");
    check("(a 5:abc)", 1, 10, &format!("expected as many bytes as the length says, found {end}"));
    check(
        "(a 99999999999999999999:a)",
        1,
        27,
        &format!("expected as many bytes as the length says, found {end}"),
    );
    check("(a 03:abc)", 1, 4, "expected a length without leading zeros, found another character");
    check("(a 3abc)", 1, 5, "expected a colon after the length, found another character");
    check("(a |YW Jj|)", 1, 5, "expected base 64 between the vertical bars");
    check("(a |YWJj", 1, 9, &format!("expected a vertical bar, found {end}"));
    check(
        "(a b@c)",
        1,
        5,
        "expected a letter, a digit or one of - . / _ : * + =, found another character",
    );
    check("(a {b})", 1, 4, "expected a value or a parenthesis, found another character");
    for (text, column) in [("(a [b)", 6), ("(a [(b)])", 5), ("(a [[b]])", 5)] {
        let found = if column == 6 { "a closing parenthesis" } else { "another character" };
        let found = if text.contains("[(") { "an opening parenthesis" } else { found };
        check(text, 1, column, &format!("expected a closing bracket, found {found}"));
    }
    check("(a b]", 1, 5, "expected a value or a parenthesis, found another character");
    check(
        "\u{feff}(privkeys)",
        1,
        1,
        "there is a byte order mark before the file; save it as UTF-8 without one",
    );
}

#[test]
fn what_is_no_account_is_left_out_with_its_place() {
    check("(keys)", 1, 1, "expected (privkeys …), which is not there");
    let check = check_left_out;
    check("(privkeys\n x)", 2, 2, "expected (account …), which is not there");
    check("(privkeys (account))", 1, 11, "expected (name …), which is not there");
    check("(privkeys (account (name)))", 1, 20, "expected (name …) with a value");
    check("(privkeys (account (name (a))))", 1, 20, "expected (name …) with a value");
    check("(privkeys (account (name #ff#)))", 1, 26, "expected a name in UTF-8");
    check("(privkeys (account (name a)))", 1, 11, "expected (protocol …), which is not there");
    let start = "(privkeys (account (name a) (protocol b)";
    check(&format!("{start}))"), 1, 11, "expected (private-key …), which is not there");
    check(&format!("{start}(private-key (rsa))))"), 1, 41, "expected (dsa …), which is not there");
    check(&format!("{start}(private-key (dsa))))"), 1, 54, "expected (p …), which is not there");
    check("(privkeys)\n(privkeys (account))", 2, 1, "it stands after the list of the accounts");
}

#[test]
fn impossible_names_are_refused() {
    assert_eq!(Account::new("", "a", fresh(1)).unwrap_err(), AccountError::Empty);
    assert_eq!(Account::new("a", "b\0", fresh(1)).unwrap_err(), AccountError::Nul);
    let [fits, long] = [MAX_NAME_BYTES, MAX_NAME_BYTES + 1].map(|len| "a".repeat(len));
    assert_eq!(Account::new("a", &long, fresh(1)).unwrap_err(), AccountError::TooLong);
    assert!(Account::new("a", &fits, fresh(1)).is_ok());
    let secret = format!("#{}#", hex(&secret()));
    check_left_out(&with_values(&long, &secret), 2, 2, &AccountError::TooLong.to_string());
}

#[test]
fn an_empty_name_is_read_and_written_back() {
    let text = with_values("\"\"", &format!("#{}#", hex(&secret())));

    let file = KeyFile::parse(text.as_bytes()).unwrap();
    let again = KeyFile::parse(file.to_text().as_bytes()).unwrap();

    assert!(again.find("", "prpl-jabber").is_some());
}

#[test]
fn of_an_account_that_stands_in_a_file_twice_the_first_counts_and_it_is_told_once() {
    let accounts = [account("ada", "a", 1), account("ada", "b", 2), account("ada", "c", 3)];
    let text = file_of(accounts).to_text();
    let text = text.replace("(protocol b)", "(protocol a)").replace("(protocol c)", "(protocol a)");

    check_left_out(&text, 15, 2, "the account stands in the file twice; the first counts");
    let file = KeyFile::parse(text.as_bytes()).unwrap();
    let key = file.find("ada", "a").unwrap().key();
    assert_eq!(key.public_key(), fresh(1).public_key());
    // Neither of the others is lost when the file is written.
    for seed in [2, 3] {
        let x = hex(&fresh(seed).secret_bytes());
        let x = x.trim_start_matches("00").to_uppercase();
        assert_eq!(file.to_text().matches(x.as_str()).count(), 1);
    }
}

#[test]
fn an_account_after_the_list_is_none_however_often_the_file_is_written() {
    let [one, two] =
        [1, 2].map(|seed| file_of([account(&format!("a{seed}"), "b", seed)]).to_text());
    let outside = two.trim_start_matches("(privkeys").trim_end().strip_suffix(')').unwrap();
    let file = KeyFile::parse(format!("{}{outside}", *one).as_bytes()).unwrap();
    assert_eq!((file.accounts().len(), file.left_out().len()), (1, 1));

    let again = KeyFile::parse(file.to_text().as_bytes()).unwrap();

    assert_eq!((again.accounts().len(), again.left_out().len()), (1, 1));
    assert_eq!(again.to_text(), file.to_text());
    assert_eq!(again.left_out()[0].name(), Some("a2"));
}

#[test]
fn a_bad_account_costs_no_other_one_and_stays_in_the_file() {
    let text = file_of([account("ada", "prpl-bonjour", 1), account("bob", "prpl-jabber", 2)]);
    let text = text.to_text().replacen("(y #", "(y #00", 1).replacen("(x #", "(x #7f7f7f", 1);

    let file = KeyFile::parse(text.as_bytes()).unwrap();

    assert_eq!(file.accounts().len(), 1);
    assert!(file.find("bob", "prpl-jabber").is_some());
    let [bad] = file.left_out() else { panic!("{file:?}") };
    assert_eq!((bad.name(), bad.protocol()), (Some("ada"), Some("prpl-bonjour")));
    assert_eq!(bad.why().fault, Fault::Number { field: "x" });
    assert!(!format!("{file:?}").to_lowercase().contains("7f7f7f"));
    let mut again = KeyFile::parse(file.to_text().as_bytes()).unwrap();
    assert_eq!((again.accounts().len(), again.left_out().len()), (1, 1));
    assert_eq!(again.to_text(), file.to_text());
    // Another key takes its place.
    again.set(account("ada", "prpl-bonjour", 3)).unwrap();
    assert_eq!((again.accounts().len(), again.left_out().len()), (2, 0));
}

#[test]
fn a_wrong_number_is_named_with_its_place() {
    let text = file_of([account("ada", "prpl-jabber", 1)]).to_text().to_string();
    for (field, line, start) in
        [("p", 7, "(p #"), ("q", 8, "(q #"), ("g", 9, "(g #"), ("y", 10, "(y #"), ("x", 11, "(x #")]
    {
        let expected = format!("expected a valid DSA key with q of 160 bits; its {field} is wrong");
        let (before, rest) = text.split_once(start).unwrap();
        let (_, after) = rest.split_once('#').unwrap();
        for number in ["", "00", "01", &"ff".repeat(20), &"ff".repeat(2_000)] {
            check_left_out(&format!("{before}{start}{number}#{after}"), line, 6, &expected);
        }
    }
    // A secret in its range that belongs to another key.
    let other = format!("#{}#", hex(&fresh(2).secret_bytes()));
    check_left_out(
        &with_values("ada", &other),
        11,
        6,
        "expected a valid DSA key with q of 160 bits; its x is wrong",
    );
}

#[test]
fn sizes_depths_and_numbers_are_bounded() {
    let long = format!("(privkeys{})", " ".repeat(MAX_BYTES));
    check(&long, 1, 1, "the file is longer than 1048576 bytes");
    check(&"(".repeat(100_000), 1, 257, "more than 256 lists within lists");
    check(
        &format!("(a{})", " b".repeat(MAX_ITEMS)),
        1,
        2 * MAX_ITEMS + 2,
        "more than 32768 values and lists",
    );

    let many = (0..MAX_ACCOUNTS).map(|ix| Account::new(&ix.to_string(), "b", fresh(1)).unwrap());
    let mut file = file_of(many);
    assert_eq!(file.set(account("one more", "b", 1)).unwrap_err(), AccountError::TooMany);
    assert!(file.set(account("0", "b", 2)).unwrap().is_some());
    let text = file.to_text();
    assert_eq!(KeyFile::parse(text.as_bytes()).unwrap().accounts().len(), MAX_ACCOUNTS);
    let begin = "(privkeys\n";
    let rest = text.strip_prefix(begin).unwrap();
    let (first, _) = rest.split_at(rest.find(" (account\n(name \"1\")").unwrap());
    let text = format!("{begin}{}{rest}", first.replace("\"0\"", "z"));
    let file = KeyFile::parse(text.as_bytes()).unwrap();
    assert_eq!(file.accounts().len(), MAX_ACCOUNTS);
    assert_eq!(file.left_out()[0].why().fault, Fault::Account(AccountError::TooMany));
}

#[test]
fn an_account_is_added_or_replaced() {
    let mut file = file_of([account("ada", "a", 1), account("bob", "a", 2)]);

    assert!(file.set(account("ada", "b", 3)).unwrap().is_none());
    let old = file.set(account("ada", "a", 4)).unwrap().unwrap();

    assert_eq!(old.key().public_key(), fresh(1).public_key());
    assert_eq!(file.accounts().len(), 3);
    assert_eq!(file.accounts()[0].key().public_key(), fresh(4).public_key());
    assert_eq!(file.find("bob", "a").unwrap().key().public_key(), fresh(2).public_key());
    assert!(file.find("bob", "b").is_none());
}

#[test]
fn an_imported_key_signs() {
    let file = KeyFile::parse(FROM_LIBOTR.as_bytes()).unwrap();
    let key = file.find("totem@localhost", "prpl-jabber").unwrap().key();

    let signature = key.sign(&mut ChaCha20Rng::seed_from_u64(5), &[7; 32]);

    assert!(key.public_key().verify(&[7; 32], &signature));
    assert!(!key.public_key().verify(&[8; 32], &signature));
}

#[test]
fn the_secret_shows_neither_in_debug_output_nor_in_errors() {
    let file = KeyFile::parse(FROM_LIBOTR.as_bytes()).unwrap();
    let broken = FROM_LIBOTR.replace("0E9CECBD2F018E98", "0E9CECBD2F018E99");

    let shown = format!("{file:?} {:?}", KeyFile::parse(broken.as_bytes()).unwrap());

    assert!(shown.contains("totem@localhost") && shown.contains("column: 6"), "{shown}");
    let shown = shown.to_lowercase();
    for part in ["0e9cecbd2f", "202a3a2a", "99bf6120", "[14, 156"] {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[test]
fn a_composite_p_is_refused() {
    // Both factors of p are 1 modulo q, so the orders of g and y are right.
    let [_, order, ..] = fresh(1).public_key().numbers();
    let q = BigUint::from_bytes_be(&order);
    let one = BigUint::from(1_u8);
    let factor = |start: u32| {
        let mut cofactor = (BigUint::from(7_u8) << 350_u32) + start;
        loop {
            let number = &cofactor * &q + &one;
            let bytes = number.to_bytes_be();
            if is_prime(Flavor::Any, &BoxedUint::from_be_slice_vartime(&bytes)) {
                return (number, cofactor);
            }
            cofactor += 2_u8;
        }
    };
    let ((first, first_cofactor), (second, second_cofactor)) = (factor(0), factor(100_000));
    let p = &first * &second;
    let g = BigUint::from(2_u8).modpow(&(first_cofactor * second_cofactor), &p);
    let y = g.modpow(&BigUint::from(5_u8), &p);
    assert!(p.bits() >= 1_024 && g != one && g.modpow(&q, &p) == one);

    let number = |number: &BigUint| format!("#{}#", hex(&number.to_bytes_be()));
    let [p, q, g, y] = [p, q, g, y].map(|value| number(&value));
    let key = format!("(dsa (p {p})(q {q})(g {g})(y {y})(x #05#))");
    let text = format!("(privkeys (account (name a)(protocol b)(private-key\n{key})))");
    check_left_out(&text, 2, 9, "expected a valid DSA key with q of 160 bits; its p is wrong");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_written_is_read_back(
        names in prop::collection::btree_set(("[^\0]{1,20}", "[ -~]{1,9}"), 0..5), seed: u64,
    ) {
        let file = file_of(names.iter().zip(seed..=u64::MAX).map(|((name, protocol), seed)| account(name, protocol, seed)));

        let text = file.to_text();
        let read = KeyFile::parse(text.as_bytes()).unwrap();

        prop_assert_eq!(&*read.to_text(), &*text);
        for (name, protocol) in &names {
            let key = |file: &KeyFile| file.find(name, protocol).map(|a| a.key().public_key().clone());
            prop_assert_eq!(key(&read), key(&file));
            prop_assert!(key(&read).is_some());
        }
        let mut reserved = file.accounts().iter().map(Account::text_len_max);
        prop_assert!(reserved.try_fold(text.len(), usize::checked_sub).is_none_or(|left| left <= 32));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(KeyFile::parse(&bytes));
    }

    #[test]
    fn any_text_of_its_parts_is_read_or_refused(
        parts in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "\"", "#", "|", "\\", "0", "3", "61", ":", " ", "\n", "(privkeys", "(account",
            "(name a)", "(protocol b)", "(private-key(dsa(p #", "#)(q #ff#)(g 1:a)(y \"", "(x |", "x",
        ]), 0..60),
    ) {
        drop(KeyFile::parse(parts.concat().as_bytes()));
    }

    #[test]
    fn a_changed_file_is_read_or_refused(at in 0..FROM_LIBOTR.len(), byte: u8) {
        let mut bytes = FROM_LIBOTR.as_bytes().to_vec();
        bytes[at] = byte;
        if let Ok(file) = KeyFile::parse(&bytes) {
            let n_told = file.accounts().len().saturating_add(file.left_out().len());
            prop_assert!((2..=4).contains(&n_told), "{:?}", file);
        }
    }

    #[test]
    fn a_cut_file_is_refused(len in 0..FROM_LIBOTR.trim_end().len()) {
        prop_assert!(KeyFile::parse(&FROM_LIBOTR.as_bytes()[..len]).is_err());
    }
}
