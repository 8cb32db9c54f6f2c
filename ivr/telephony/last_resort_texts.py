"""What callers hear when nothing else works, in every language that has a voice of the carrier.

The texts stand in the code: they need no file, no database and no call script. Languages whose prompts are played as
audio have none, because their audio is on the disk; their callers hear German and English.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LastResortTexts:
    """The texts of one language, in the order in which they may be heard."""

    apology: str
    question: str
    speak: str
    thanks: str
    again: str


TEXTS = {
    "de": LastResortTexts(
        "Hier ist das Jobcenter Bremen. Wir haben gerade eine technische Störung. Sie können eine Nachricht "
        "hinterlassen, wir rufen zurück.",
        "Nach dem Ton nehmen wir Ihre Stimme auf. Wenn Sie einverstanden sind, drücken Sie die 1.",
        "Bitte sprechen Sie nach dem Ton: Ihren Namen, Ihre Rufnummer und Ihr Anliegen.",
        "Vielen Dank. Wir rufen zurück.",
        "Bitte rufen Sie später noch einmal an.",
    ),
    "en": LastResortTexts(
        "This is Jobcenter Bremen. We have a technical problem. You can leave a message and we will call back.",
        "After the tone we record your voice. If you agree, press 1.",
        "Please speak after the tone: your name, your telephone number, and what you are calling about.",
        "Thank you. We will call back.",
        "Please call again later.",
    ),
    "tr": LastResortTexts(
        "Jobcenter Bremen. Teknik bir arıza var. Mesaj bırakabilirsiniz, sizi geri ararız.",
        "Sinyalden sonra sesinizi kaydederiz. Kabul ediyorsanız 1'e basın.",
        "Lütfen sinyal sesinden sonra adınızı, telefon numaranızı ve konunuzu söyleyin.",
        "Teşekkür ederiz. Sizi geri arayacağız.",
        "Lütfen daha sonra tekrar arayın.",
    ),
    "ar": LastResortTexts(
        "جوب سنتر بريمن. لدينا عطل تقني. يمكنكم ترك رسالة وسنعاود الاتصال.",
        "بعد النغمة نسجل صوتكم. إذا كنتم موافقين فاضغطوا 1.",
        "من فضلكم تكلموا بعد النغمة: الاسم ورقم الهاتف وسبب الاتصال.",
        "شكراً جزيلاً. سنعاود الاتصال بكم.",
        "يرجى الاتصال مرة أخرى لاحقاً.",
    ),
    "ru": LastResortTexts(
        "Джобцентр Бремена. У нас технические неполадки. Вы можете оставить сообщение, мы перезвоним.",
        "После сигнала идёт аудиозапись. Если вы согласны, нажмите 1.",
        "Пожалуйста, говорите после сигнала: ваше имя, номер телефона и причину звонка.",
        "Большое спасибо. Мы перезвоним.",
        "Пожалуйста, позвоните позже.",
    ),
    "uk": LastResortTexts(
        "Джобцентр Бремена. У нас технічна несправність. Ви можете залишити повідомлення, ми передзвонимо.",
        "Після сигналу йде аудіозапис. Якщо ви згодні, натисніть 1.",
        "Будь ласка, говоріть після сигналу: ваше ім'я, номер телефону та причину дзвінка.",
        "Дуже дякуємо. Ми передзвонимо.",
        "Будь ласка, зателефонуйте пізніше.",
    ),
    "pl": LastResortTexts(
        "Tu Jobcenter Bremen. Mamy awarię techniczną. Można zostawić wiadomość, oddzwonimy.",
        "Po sygnale nagrywamy głos. Jeśli się Państwo zgadzają, proszę nacisnąć 1.",
        "Proszę mówić po sygnale: imię i nazwisko, numer telefonu i sprawę.",
        "Dziękujemy. Oddzwonimy.",
        "Proszę zadzwonić później.",
    ),
    "bg": LastResortTexts(
        "Тук е Джобцентър Бремен. Имаме техническа повреда. Можете да оставите съобщение, ще ви се обадим.",
        "След сигнала правим аудиозапис. Ако сте съгласни, натиснете 1.",
        "Моля, говорете след сигнала: вашето име, телефонен номер и за какво се обаждате.",
        "Благодарим ви. Ще ви се обадим.",
        "Моля, обадете се по-късно.",
    ),
    "ro": LastResortTexts(
        "Aici este Jobcenter Bremen. Avem o problemă tehnică. Puteți lăsa un mesaj, vă sunăm înapoi.",
        "După semnal vă înregistrăm vocea. Dacă sunteți de acord, apăsați 1.",
        "Vă rugăm să vorbiți după semnal: numele, numărul de telefon și motivul apelului.",
        "Vă mulțumim. Vă sunăm înapoi.",
        "Vă rugăm să sunați mai târziu.",
    ),
    "fr": LastResortTexts(
        "Ici le Jobcenter de Brême. Nous avons un problème technique. Vous pouvez laisser un message, nous "
        "vous rappellerons.",
        "Après le signal, nous enregistrons votre voix. Si vous êtes d'accord, appuyez sur 1.",
        "Parlez après le signal : votre nom, votre numéro de téléphone et l'objet de votre appel.",
        "Merci beaucoup. Nous vous rappellerons.",
        "Veuillez rappeler plus tard.",
    ),
    "ko": LastResortTexts(
        "브레멘 잡센터입니다. 기술적인 문제가 생겼습니다. 메시지를 남기시면 다시 전화드리겠습니다.",
        "삐 소리 후 목소리를 녹음합니다. 동의하시면 1번을 눌러 주십시오.",
        "신호음이 울린 후 성함과 전화번호, 용건을 말씀해 주십시오.",
        "감사합니다. 다시 전화드리겠습니다.",
        "나중에 다시 전화해 주십시오.",
    ),
}
