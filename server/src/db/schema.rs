//! The tables, once for both databases (`migrations/`).

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    epochs (ordinal) {
        ordinal -> BigInt,
        epoch -> BigInt,
        started_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    areas (code) {
        code -> Text,
        parent -> Nullable<Text>,
        level -> Text,
        name -> Text,
        path -> Text,
        closed_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    users (id) {
        id -> Id,
        login -> Text,
        display_name -> Text,
        password_hash -> Text,
        created_at -> Moment,
        disabled_at -> Nullable<Moment>,
        password_issued -> Bool,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    grants (id) {
        id -> Id,
        user_id -> Id,
        role -> Text,
        area_code -> Text,
        valid_from -> Moment,
        valid_until -> Nullable<Moment>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    devices (id) {
        id -> Id,
        user_id -> Id,
        public_key -> Binary,
        label -> Text,
        state -> Text,
        enrolled_at -> Moment,
        last_seen_at -> Nullable<Moment>,
        clock_skew_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    enrolment_codes (code_hash) {
        code_hash -> Binary,
        user_id -> Id,
        made_by -> Nullable<Id>,
        expires_at -> Moment,
        device_id -> Nullable<Id>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    sessions (id) {
        id -> Id,
        user_id -> Id,
        device_id -> Nullable<Id>,
        token_hash -> Binary,
        previous_hash -> Nullable<Binary>,
        rotated_at -> Moment,
        expires_at -> Moment,
        ended_at -> Nullable<Moment>,
        confirmed_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    token_keys (kid) {
        kid -> Text,
        seed -> Binary,
        created_at -> Moment,
        retired_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    packs (name, version) {
        name -> Text,
        version -> BigInt,
        manifest -> Json,
        installed_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    bundles (hash) {
        hash -> Binary,
        kind -> Text,
        name -> Text,
        version -> BigInt,
        labels -> Json,
        media_type -> Text,
        bytes -> Binary,
        pack -> Nullable<Text>,
        created_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    scope_heads (scope) {
        scope -> Text,
        seq -> BigInt,
        digest -> Binary,
        horizon -> BigInt,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    records (id) {
        id -> Id,
        collection -> Text,
        scope -> Text,
        seq -> BigInt,
        epoch -> BigInt,
        n -> BigInt,
        definition -> Binary,
        deleted -> Bool,
        fields -> Json,
        marks -> Json,
        title -> Nullable<Text>,
        subject -> Nullable<Id>,
        status -> Nullable<Text>,
        due_on -> Nullable<Text>,
        updated_at -> Moment,
        created_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    evictions (scope, seq) {
        scope -> Text,
        seq -> BigInt,
        record -> Id,
        epoch -> BigInt,
        n -> BigInt,
        left_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    chains (incarnation) {
        incarnation -> Id,
        device_id -> Nullable<Id>,
        user_id -> Nullable<Id>,
        next_seq -> BigInt,
        parent -> Nullable<Id>,
        fork_seq -> Nullable<BigInt>,
        started_at -> Moment,
        safe_before -> BigInt,
        repeats -> Bool,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    ops (incarnation, seq) {
        incarnation -> Id,
        seq -> BigInt,
        key -> Binary,
        body -> Binary,
        outcome -> Json,
        pushed_by -> Id,
        received_at -> Moment,
        first_incarnation -> Nullable<Id>,
        first_seq -> Nullable<BigInt>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    history (record, epoch, n) {
        record -> Id,
        epoch -> BigInt,
        n -> BigInt,
        incarnation -> Id,
        seq -> BigInt,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    quarantine (incarnation, seq) {
        incarnation -> Id,
        seq -> BigInt,
        device_id -> Nullable<Id>,
        pushed_by -> Id,
        scope -> Nullable<Text>,
        kind -> Text,
        reason -> Text,
        received_at -> Moment,
        unit -> Nullable<Id>,
        settlement -> Nullable<Text>,
        settled_at -> Nullable<Moment>,
        settled_by -> Nullable<Id>,
        words -> Nullable<Text>,
        record -> Nullable<Id>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    blobs (hash) {
        hash -> Binary,
        length -> BigInt,
        media_type -> Text,
        verified_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    blob_references (hash, record) {
        hash -> Binary,
        record -> Id,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    uploads (id) {
        id -> Id,
        device_id -> Id,
        hash -> Binary,
        length -> BigInt,
        received -> BigInt,
        media_type -> Text,
        holder -> Id,
        expires_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    upload_parts (upload, start) {
        upload -> Id,
        start -> BigInt,
        length -> BigInt,
        object -> Id,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    backups (id) {
        id -> Id,
        place -> Text,
        epoch -> BigInt,
        made_at -> Moment,
        verified_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    sync_log (id) {
        id -> Id,
        device_id -> Id,
        at -> Moment,
        attempt -> Json,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    forms (id) {
        id -> Id,
        name -> Text,
        area_code -> Nullable<Text>,
        created_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    form_versions (form_id, bundle) {
        form_id -> Id,
        bundle -> Binary,
        ordinal -> BigInt,
        version -> Text,
        title -> Text,
        added_by -> Nullable<Id>,
        added_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    form_trials (id) {
        id -> Id,
        form_id -> Id,
        bundle -> Binary,
        passed -> Bool,
        tried_by -> Id,
        tried_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    form_releases (id) {
        id -> Id,
        form_id -> Id,
        bundle -> Nullable<Binary>,
        area_code -> Text,
        reason -> Text,
        decided_by -> Id,
        decided_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};

    checks_due (record) {
        record -> Id,
        asked_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{BigInt, Nullable, Text};

    jobs (id) {
        id -> Id,
        kind -> Text,
        key -> Text,
        run_at -> Moment,
        attempts -> BigInt,
        holder -> Nullable<Id>,
        dead_at -> Nullable<Moment>,
        error -> Nullable<Text>,
        created_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Json, Moment};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    photos (hash) {
        hash -> Binary,
        inspector -> BigInt,
        media_type -> Nullable<Text>,
        unreadable -> Nullable<Text>,
        width -> Nullable<BigInt>,
        height -> Nullable<BigInt>,
        fingerprints -> Nullable<Json>,
        facts -> Json,
        quality -> Nullable<Json>,
        inspected_at -> Moment,
    }
}

diesel::table! {
    photo_looks (ordinal) {
        ordinal -> BigInt,
        hash -> Binary,
        whole -> BigInt,
        part_1 -> BigInt,
        part_2 -> BigInt,
    }
}

diesel::table! {
    photo_looks_head (id) {
        id -> BigInt,
        ordinal -> BigInt,
    }
}

diesel::table! {
    use crate::db::types::Moment;
    use diesel::sql_types::{Binary, Nullable, Text};

    notice_keys (id) {
        id -> Text,
        seed -> Binary,
        created_at -> Moment,
        retired_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use crate::db::types::Id;
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    log_entries (position) {
        position -> BigInt,
        notice -> Id,
        digest -> Binary,
        supersedes -> Nullable<Binary>,
        leaf -> Binary,
        key -> Text,
        signature -> Binary,
    }
}

diesel::table! {
    log_nodes (level, place) {
        level -> BigInt,
        place -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    use crate::db::types::Moment;
    use diesel::sql_types::{BigInt, Binary, Text};

    log_heads (size) {
        size -> BigInt,
        root -> Binary,
        at -> Moment,
        key -> Text,
        signature -> Binary,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::Text;

    device_revocations (id) {
        id -> Id,
        device_id -> Id,
        from_at -> Moment,
        reason -> Text,
        decided_by -> Id,
        decided_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::BigInt;

    device_unsent (device_id) {
        device_id -> Id,
        ops -> BigInt,
        files -> BigInt,
        told_at -> Moment,
    }
}

diesel::joinable!(forms -> areas (area_code));
diesel::joinable!(form_releases -> areas (area_code));
diesel::joinable!(form_releases -> forms (form_id));
diesel::joinable!(form_releases -> users (decided_by));
diesel::joinable!(form_versions -> forms (form_id));
diesel::table! {
    use crate::db::types::Id;

    notice_subjects (record, notice) {
        record -> Id,
        notice -> Id,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{BigInt, Text};

    prints (id) {
        id -> Id,
        area_code -> Text,
        asked_by -> Id,
        reason -> Text,
        asked_at -> Moment,
        notices -> BigInt,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::{BigInt, Nullable};

    print_parts (print, part) {
        print -> Id,
        part -> BigInt,
        notices -> Json,
        printed_at -> Nullable<Moment>,
        length -> Nullable<BigInt>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::Text;

    accesses (id) {
        id -> Id,
        user_id -> Id,
        kind -> Text,
        subject -> Text,
        reason -> Text,
        at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::Moment;
    use diesel::sql_types::{Binary, Text};

    sealing_keys (id) {
        id -> Text,
        proof -> Binary,
        first_used_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::Id;
    use diesel::sql_types::{Binary, Text};

    sealed_values (field, hash, record) {
        field -> Text,
        hash -> Binary,
        record -> Id,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{BigInt, Text};

    retention (collection) {
        collection -> Text,
        days -> BigInt,
        reason -> Text,
        decided_by -> Id,
        decided_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{BigInt, Text};

    erasures (id) {
        id -> Id,
        kind -> Text,
        subject -> Text,
        reason -> Text,
        decided_by -> Id,
        decided_at -> Moment,
        records -> BigInt,
        photos -> BigInt,
    }
}

diesel::table! {
    use crate::db::types::Id;

    erased_records (record) {
        record -> Id,
        erasure -> Id,
    }
}

diesel::table! {
    use crate::db::types::Id;
    use diesel::sql_types::BigInt;

    erased_ops (incarnation, seq) {
        incarnation -> Id,
        seq -> BigInt,
        erasure -> Id,
    }
}

diesel::table! {
    use crate::db::types::Id;
    use diesel::sql_types::Binary;

    blob_holders (hash, user_id) {
        hash -> Binary,
        user_id -> Id,
    }
}

diesel::table! {
    use crate::db::types::Id;
    use diesel::sql_types::Binary;

    blob_claims (hash, record, user_id) {
        hash -> Binary,
        record -> Id,
        user_id -> Id,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::Text;

    turns (name) {
        name -> Text,
        holder -> Id,
        until -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};

    review_claims (visit) {
        visit -> Id,
        user_id -> Id,
        until -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{Binary, Nullable};

    review_passes (visit, user_id) {
        visit -> Id,
        user_id -> Id,
        at -> Moment,
        work -> Nullable<Binary>,
        ended_in -> Nullable<Id>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Json, Moment};
    use diesel::sql_types::Text;

    review_policies (id) {
        id -> Id,
        area_code -> Text,
        policy -> Json,
        reason -> Text,
        decided_by -> Id,
        decided_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{Binary, Nullable};

    recovery_codes (user_id, code_hash) {
        user_id -> Id,
        code_hash -> Binary,
        used_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{BigInt, Binary, Nullable};

    second_factors (user_id) {
        user_id -> Id,
        secret -> Binary,
        confirmed_at -> Nullable<Moment>,
        last_step -> BigInt,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    samples (id) {
        id -> Id,
        area_code -> Text,
        collection -> Text,
        group_field -> Nullable<BigInt>,
        per_group -> BigInt,
        seed -> Text,
        population -> BigInt,
        digest -> Binary,
        reason -> Text,
        drawn_by -> Id,
        drawn_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{Binary, Text};

    publications (bundle) {
        bundle -> Binary,
        reason -> Text,
        decided_by -> Id,
        decided_at -> Moment,
    }
}

diesel::joinable!(publications -> bundles (bundle));
diesel::joinable!(publications -> users (decided_by));

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{BigInt, Binary, Text};

    rosters (id) {
        id -> Id,
        name -> Text,
        department -> Text,
        area_code -> Text,
        expects -> Text,
        as_of -> Text,
        digest -> Binary,
        lines -> BigInt,
        members -> BigInt,
        matched -> BigInt,
        without_id -> BigInt,
        differences -> BigInt,
        made_by -> Id,
        made_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::Id;
    use diesel::sql_types::{BigInt, Text};

    sample_items (sample, place) {
        sample -> Id,
        place -> BigInt,
        record -> Id,
        scope -> Text,
        stratum -> Text,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{BigInt, Text};

    sample_outcomes (id) {
        id -> Id,
        sample -> Id,
        place -> BigInt,
        outcome -> Text,
        words -> Text,
        noted_by -> Id,
        noted_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Json, Moment};
    use diesel::sql_types::{BigInt, Text};

    ledgers (name, version) {
        name -> Text,
        version -> BigInt,
        definition -> Json,
        pack -> Text,
        installed_at -> Moment,
    }
}

diesel::table! {
    use crate::db::types::{Id, Moment};
    use diesel::sql_types::{BigInt, Binary, Text};

    audit (position) {
        position -> BigInt,
        at -> Moment,
        user_id -> Id,
        action -> Text,
        subject -> Text,
        detail -> Text,
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary};

    audit_head (id) {
        id -> BigInt,
        position -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::db::types::{Id, Moment};

    saved_views (id) {
        id -> Id,
        user_id -> Id,
        screen -> Text,
        name -> Text,
        query -> Text,
        saved_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable};
    use crate::db::types::Moment;

    clock (id) {
        id -> BigInt,
        newest -> Moment,
        believed_since -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use crate::db::types::{Id, Moment};

    setbacks (epoch, device_id) {
        epoch -> BigInt,
        device_id -> Id,
        next_seq -> BigInt,
        claimed_seq -> BigInt,
        noticed_at -> Moment,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    accesses,
    areas,
    audit,
    blob_claims,
    blob_references,
    blobs,
    bundles,
    device_revocations,
    device_unsent,
    devices,
    erased_ops,
    erased_records,
    form_releases,
    form_trials,
    form_versions,
    forms,
    grants,
    history,
    jobs,
    log_entries,
    notice_subjects,
    ops,
    photo_looks,
    photos,
    print_parts,
    prints,
    publications,
    quarantine,
    records,
    recovery_codes,
    review_claims,
    review_passes,
    review_policies,
    rosters,
    sample_items,
    sample_outcomes,
    samples,
    sealed_values,
    second_factors,
    sessions,
    setbacks,
    uploads,
    users,
);
