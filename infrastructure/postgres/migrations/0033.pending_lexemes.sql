-- A short list of pending entries makes the fold a third cheaper, and costs a search little: it is read to the end.
SET ROLE desk_projector;

ALTER INDEX views.case_lexemes_idx SET (fastupdate = on, gin_pending_list_limit = 64);
ALTER INDEX views.word_trigrams_idx SET (fastupdate = on, gin_pending_list_limit = 64);

RESET ROLE;
