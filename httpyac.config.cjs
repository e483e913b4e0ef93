// requests.http is written for REST Client, which takes members of an answer as NAME.response.body.$.MEMBER; httpYac learns it here.
module.exports = {
  configureHooks(api) {
    const member = /\{\{(\w+)\.response\.body\.\$\.(\w+)\}\}/g;
    const fill = (text, type, { variables }) =>
      typeof text === 'string' ? text.replace(member, (whole, name, part) => variables[name]?.[part] ?? whole) : text;
    api.hooks.replaceVariable.addHook('restClientAnswer', fill, { before: ['javascript'] });
  },
};
