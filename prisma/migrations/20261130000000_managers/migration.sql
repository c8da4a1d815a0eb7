-- AlterTable
ALTER TABLE "staff_theatres" ADD COLUMN "manager" BOOLEAN NOT NULL DEFAULT false;
