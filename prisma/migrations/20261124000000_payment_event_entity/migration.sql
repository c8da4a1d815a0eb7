-- AlterTable
ALTER TABLE "payment_events" ADD COLUMN     "provider_payment_id" TEXT,
ADD COLUMN     "surplus" BOOLEAN NOT NULL DEFAULT false;
