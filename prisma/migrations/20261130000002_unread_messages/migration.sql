-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "unread_messages" INTEGER NOT NULL DEFAULT 0;

UPDATE orders AS o SET unread_messages = m.unread
FROM (
    SELECT c.order_id, count(*) AS unread
    FROM chat_messages c JOIN orders p ON p.id = c.order_id
    WHERE c.sender = 'customer' AND c.id > p.staff_read_up_to
    GROUP BY c.order_id
) AS m
WHERE m.order_id = o.id;
