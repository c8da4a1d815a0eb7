SET lock_timeout = '2s';

-- A failed refund is replaced by refunds that were begun after its failure, not by those that were under way beside it.
ALTER TABLE "refunds"
  ADD COLUMN     "failed_at" TIMESTAMPTZ(3),
  ADD COLUMN     "whole" BOOLEAN;
