-- Cases that may be about the same: open ones with some of the same words, from the view, and what it has not folded yet.

-- name: be_brief --
SELECT set_config('statement_timeout', %s, true);

-- name: known --
SELECT t.number, t.service, t.customer, t.received_at, t.external_ref, t.words,
       ts_rank(t.lexemes, {any}, 1)::float8 AS rank
FROM views.case_texts t
WHERE t.open AND (t.lexemes @@ {any} OR t.external_ref = %(external_ref)s::text) AND t.received_at BETWEEN %(since)s AND %(until)s
  AND EXISTS (SELECT FROM vault.disclosures d WHERE d.originator_id = t.case_id AND d.kind = 'customer_words')
ORDER BY (t.external_ref = %(external_ref)s::text) IS TRUE DESC, rank DESC, t.received_at, t.number LIMIT %(limit)s;

-- name: any --
regexp_replace(plainto_tsquery('english', search.plain(%(words)s))::text, ' (&|<->|<[0-9]+>) ', ' | ', 'g')::tsquery

-- name: unfolded --
SELECT e.state, d.value
FROM ledger.stored_events e
JOIN vault.disclosures d ON d.originator_id = e.originator_id AND d.originator_version = e.originator_version
                            AND d.kind = 'customer_words'
WHERE e.notification_id > (SELECT position FROM views.tracking) AND e.topic = 'case.logged'
ORDER BY e.notification_id DESC LIMIT 500;

-- name: ranked --
SELECT w.place, ts_rank(search.lexemes(w.words), {any}, 1)::float8 AS rank
FROM unnest(%(texts)b::text[], %(refs)b::text[]) WITH ORDINALITY AS w (words, ref, place)
WHERE search.lexemes(w.words) @@ {any} OR w.ref = %(external_ref)s::text;
