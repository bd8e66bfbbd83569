'use strict';
(() => {
	const every = 2000, patience = 5000;
	const part = id => document.getElementById(id);
	let silentSince = 0;

	function say(text, kind) {
		const verdict = part('verdict'), apart = words => words.replace(/\d+/g, '');
		// Read out by screen readers: not each second of a time.
		if (apart(verdict.textContent) !== apart(text))
			part('said').textContent = text;
		verdict.textContent = text;
		verdict.className = kind;
	}

	function show(page) {
		for (const id of ['host', 'state'])
			part(id).replaceChildren(...document.importNode(page.getElementById(id), true).childNodes);
		part('made').firstChild.data = page.getElementById('made').firstChild.data;
		const verdict = page.getElementById('verdict');
		say(verdict.textContent, verdict.className);
		document.title = page.title;
	}

	function noAnswer() {
		if (silentSince)
			return;
		silentSince = Date.now();
		const time = new Date(silentSince).toLocaleTimeString();
		say(`No answer from the appliance since ${time}. What stands below is of then.`, 'bad');
		document.title = `No answer: ${location.host}`;
	}

	async function look() {
		// Nobody sees it, or somebody is marking text to copy it.
		const held = document.hidden || !getSelection().isCollapsed;
		if (held)
			return;
		try {
			const answer = await fetch('/', {signal: AbortSignal.timeout(patience), cache: 'no-store'});
			if (!answer.ok)
				throw new Error(answer.status);
			const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
			if (!page.getElementById('verdict'))
				throw new Error('not the page');
			show(page);
			silentSince = 0;
		} catch {
			noAnswer();
		}
	}

	async function loop() {
		await look();
		setTimeout(loop, every);
	}

	part('how').textContent = 'It is brought up to date every 2 s.';
	setTimeout(loop, every);
})();
