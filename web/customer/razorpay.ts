// Razorpay's own form in the page (https://razorpay.com/docs/payments/payment-gateway/web-integration/standard/).
// The only third-party script: loaded on a real provider's checkout when the customer presses the button.
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

export interface RazorpayPayment {
  id: string
  amount: number
  publicKey: string
  theatreName: string
}

/**
 * Opens the provider's form. `done`: the provider reports success (only its webhook to the service counts);
 * `closed`: the customer closed the form. Throws when the form can't be loaded.
 */
export async function openRazorpay({
  id,
  amount,
  publicKey,
  theatreName,
}: RazorpayPayment): Promise<'done' | 'closed'> {
  await load()
  const Form = window.Razorpay
  if (!Form) throw new Error('The provider’s script defines no Razorpay.')
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
