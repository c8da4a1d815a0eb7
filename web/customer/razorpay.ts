// Razorpay's own form in the page (https://razorpay.com/docs/payments/payment-gateway/web-integration/standard/).
// The one third-party script there is: loaded only on a real provider's checkout, by a touch of the button.
const SCRIPT = 'https://checkout.razorpay.com/v1/checkout.js'

interface RazorpayOptions {
  key: string
  order_id: string
  /** paise */
  amount: number
  currency: 'INR'
  name: string
  handler(): void
  modal: { ondismiss(): void }
}

declare global {
  interface Window {
    Razorpay?: new (options: RazorpayOptions) => { open(): void }
  }
}

function load(): Promise<void> {
  if (window.Razorpay) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = SCRIPT
    script.addEventListener('load', () => resolve())
    script.addEventListener('error', () => {
      script.remove()
      reject(new Error(`${SCRIPT} did not load`))
    })
    document.head.append(script)
  })
}

export interface RealPayment {
  id: string
  amount: number
  publicKey: string
  theatreName: string
}

/**
 * Opens the provider's form. `done`: the provider took the payment (the service hears of it by webhook, and only
 * that counts); `closed`: the customer left the form. Throws when the form can't be loaded.
 */
export async function openRazorpay({
  id,
  amount,
  publicKey,
  theatreName,
}: RealPayment): Promise<'done' | 'closed'> {
  await load()
  const Form = window.Razorpay
  if (!Form) throw new Error('The provider’s script holds no form.')
  return new Promise((resolve) => {
    new Form({
      key: publicKey,
      order_id: id,
      amount,
      currency: 'INR',
      name: theatreName,
      handler: () => resolve('done'),
      modal: { ondismiss: () => resolve('closed') },
    }).open()
  })
}
