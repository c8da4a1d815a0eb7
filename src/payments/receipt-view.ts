import type { ReceiptView } from '../protocol/manager-views.js'
import type { Receipt } from './receipts.js'

/** The service accounting code of food and drink served by restaurants and the like. */
const SERVICE_CODE = '996331'

export function viewReceipt({
  order,
  financialYear,
  issuedAt,
  gst,
  gstRate,
  hall,
  seat,
  ...same
}: Receipt): ReceiptView {
  return {
    ...same,
    orderId: order.id,
    financialYear: `${financialYear}-${String((financialYear + 1) % 100).padStart(2, '0')}`,
    issuedAt: issuedAt.toISOString(),
    seat: { id: order.seatId, name: seat, hall },
    items: order.items.map(({ name, options, quantity, unitPrice }) => ({
      name,
      options: options.map(({ group, choice }) => ({ group, choice })),
      hsnSac: SERVICE_CODE,
      quantity,
      unitPrice,
      amount: quantity * unitPrice,
    })),
    gstRate: gstRate / 100,
    taxable: order.total - gst,
    cgst: gst / 2,
    sgst: gst / 2,
    total: order.total,
    refundedAmount: order.refundedAmount,
    paymentMethod: order.paymentMethod,
  }
}
