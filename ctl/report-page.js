// Sorts the tables by the column whose head is pressed; all else works without.
'use strict';
for (const table of document.querySelectorAll('table.sortable')) {
	const heads = [...table.tHead.rows[0].cells];
	const value = (body, column) => {
		const cell = body.rows[0].cells[column];
		const number = cell.dataset.value;
		return number === undefined ? cell.textContent.trim() : Number(number);
	};
	const compare = (a, b) =>
		typeof a === 'number' ? a - b : a.localeCompare(b);
	const select = document.createElement('select');
	heads.forEach((head, column) => {
		const button = document.createElement('button');
		button.type = 'button';
		button.textContent = head.textContent;
		head.replaceChildren(button);
		button.addEventListener('click', () => {
			const bodies = [...table.tBodies];
			const isNumber = bodies.length > 0 &&
				typeof value(bodies[0], column) === 'number';
			const order = head.ariaSort === 'descending' ||
				(head.ariaSort !== 'ascending' && !isNumber) ? 1 : -1;
			heads.forEach(other => other.removeAttribute('aria-sort'));
			head.ariaSort = order > 0 ? 'ascending' : 'descending';
			bodies.sort((a, b) =>
				order * compare(value(a, column), value(b, column)));
			table.append(...bodies);
			select.value = column;
		});
	});
	// Narrow screens show no heads.
	select.add(new Option('as listed', ''));
	heads.forEach((head, column) =>
		select.add(new Option(head.textContent, column)));
	select.value = '';
	const press = () => {
		if (select.value !== '')
			heads[select.value].querySelector('button').click();
	};
	const label = document.createElement('label');
	const turn = document.createElement('button');
	const box = document.createElement('p');
	box.className = 'sort';
	label.append('Sort by ', select);
	turn.type = 'button';
	turn.textContent = 'Turn round';
	select.addEventListener('change', press);
	turn.addEventListener('click', press);
	box.append(label, turn);
	table.before(box);
}
