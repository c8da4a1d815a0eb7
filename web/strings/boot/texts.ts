/** What a page's HTML says until the page's script runs, in every language: nothing can be loaded for it. */
export const BOOT_TEXTS = {
  en: {
    title: 'This page hasn’t loaded yet',
    text: 'Part of it didn’t arrive. It tries again by itself. On a public Wi-Fi you may have to open the network’s sign-in page first.',
    reload: 'Try again',
  },
  hi: {
    title: 'यह पेज अभी लोड नहीं हुआ',
    text: 'इसका एक हिस्सा नहीं पहुँचा। अपने आप फिर कोशिश हो रही है। सार्वजनिक वाई-फ़ाई पर पहले नेटवर्क का साइन इन पेज खोलना पड़ सकता है।',
    reload: 'फिर कोशिश करें',
  },
}
