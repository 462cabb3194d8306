//! The storage engine from outside: a model, races, crashes, a full disk. One binary, so that it links once.

#[cfg(test)]
mod engine {
    mod check;
    mod disk;
    mod documents;
    mod events;
    mod kill;
    mod lifecycle;
    mod model;
    mod model_state;
    mod model_versions;
    mod objects;
    mod part_rules;
    mod races;
    mod support;
    mod torn;
    mod uploads;
    mod versions;
}
