//! Identities as people write them: `[[identity]]` tables of `staves.toml`, and JSON in `STAVES_IDENTITIES`. Not the
//! place of the files and variables themselves: it is given their content.

use serde_json::{Map, Value};

use super::{DEFAULT_ACCOUNT, Identity, IdentityError, Secret};
use crate::http::suggest;

const KEYS: [&str; 7] =
    ["access_key", "secret_key", "account", "canonical_id", "display_name", "email", "session_token"];

impl Identity {
    /// Identities from the value of `identity` in a TOML document: an array of tables.
    pub fn list_from_toml(value: &toml::Value) -> Result<Vec<Identity>, IdentityError> {
        let value = serde_json::to_value(value).map_err(|error| IdentityError(error.to_string()))?;
        list("[[identity]]", &value)
    }

    /// Identities from JSON: an array of objects, or one object.
    pub fn list_from_json(text: &str) -> Result<Vec<Identity>, IdentityError> {
        let value = serde_json::from_str(text).map_err(|error| {
            IdentityError(format!("it is not JSON ({error}); write [{{\"access_key\": \"…\", \"secret_key\": \"…\"}}]"))
        })?;
        match value {
            Value::Object(_) => list("identity", &Value::Array(vec![value])),
            _ => list("identity", &value),
        }
    }
}

/// Several keys may share an account: what one of them says about the account holds for all that say nothing.
fn list(name: &str, value: &Value) -> Result<Vec<Identity>, IdentityError> {
    let wrong_shape = || IdentityError(format!("{name} must be a list of tables with access_key and secret_key"));
    let mut tables = Vec::new();
    for (index, item) in value.as_array().ok_or_else(wrong_shape)?.iter().enumerate() {
        let fields = item.as_object().ok_or_else(wrong_shape)?;
        check_keys(&format!("{name} number {}", index + 1), fields)?;
        tables.push(fields);
    }
    tables.iter().map(|fields| identity(fields, &tables)).collect()
}

fn check_keys(place: &str, fields: &Map<String, Value>) -> Result<(), IdentityError> {
    for (key, value) in fields {
        if !KEYS.contains(&key.as_str()) {
            let hint = suggest::hint(key, KEYS);
            return Err(IdentityError(format!("{place} has the unknown key `{key}`{hint}")));
        }
        if !value.is_string() {
            return Err(IdentityError(format!("{place}: `{key}` must be a text in quotes")));
        }
    }
    for key in ["access_key", "secret_key"] {
        if !fields.contains_key(key) {
            return Err(IdentityError(format!("{place} has no `{key}`; add {key} = \"…\"")));
        }
    }
    Ok(())
}

fn identity(fields: &Map<String, Value>, all: &[&Map<String, Value>]) -> Result<Identity, IdentityError> {
    let account = account_of(fields);
    let text = |key| fields.get(key).and_then(Value::as_str);
    let of_account = |key| {
        let mut others = all.iter().filter(|other| account_of(other) == account);
        text(key).or_else(|| others.find_map(|other| other.get(key)?.as_str())).map(str::to_owned)
    };
    let made =
        Identity::of_account(text("access_key").unwrap_or_default(), text("secret_key").unwrap_or_default(), account);
    let identity = Identity {
        canonical_id: of_account("canonical_id").unwrap_or(made.canonical_id),
        display_name: of_account("display_name").unwrap_or(made.display_name),
        email: of_account("email"),
        session_token: text("session_token").map(Secret::new),
        ..made
    };
    identity.check()?;
    Ok(identity)
}

fn account_of(fields: &Map<String, Value>) -> &str {
    fields.get("account").and_then(Value::as_str).unwrap_or(DEFAULT_ACCOUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml_list(text: &str) -> Result<Vec<Identity>, IdentityError> {
        Identity::list_from_toml(&toml::from_str::<toml::Table>(text).unwrap()["identity"])
    }

    #[test]
    fn toml_tables_and_json_say_the_same() {
        let from_toml = toml_list(
            r#"
            [[identity]]
            access_key = "alice"
            secret_key = "s1"
            account = "111111111111"
            display_name = "Alice"
            email = "alice@example.com"
            session_token = "t"
            [[identity]]
            access_key = "ci"
            secret_key = "s2"
            account = "111111111111"
            "#,
        );
        let from_json = Identity::list_from_json(
            r#"[{"access_key":"alice","secret_key":"s1","account":"111111111111","display_name":"Alice",
                 "email":"alice@example.com","session_token":"t"},
                {"access_key":"ci","secret_key":"s2","account":"111111111111"}]"#,
        );
        let identities = from_toml.unwrap();
        assert_eq!(identities, from_json.unwrap());
        assert_eq!(identities[1].display_name, "Alice", "shared by the account");
        assert_eq!(identities[1].session_token, None, "not shared by the account");
    }

    #[test]
    fn unknown_keys_are_refused_with_a_suggestion() {
        let error = Identity::list_from_json(r#"[{"access_key":"a","secretkey":"s"}]"#).unwrap_err().to_string();
        assert_eq!(error, "identity number 1 has the unknown key `secretkey`; did you mean `secret_key`?");
    }

    #[test]
    fn what_is_missing_or_of_the_wrong_kind_is_named() {
        let missing = Identity::list_from_json(r#"{"access_key":"a"}"#).unwrap_err().to_string();
        assert!(missing.contains("no `secret_key`"), "{missing}");
        let number = toml_list("[[identity]]\naccess_key='a'\nsecret_key='b'\naccount=123456789012");
        assert!(number.unwrap_err().to_string().contains("in quotes"));
        assert!(Identity::list_from_json("nonsense").unwrap_err().to_string().contains("not JSON"));
    }
}
